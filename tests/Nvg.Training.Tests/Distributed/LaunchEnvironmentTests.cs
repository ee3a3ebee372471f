using Nvg.Training.Distributed;

namespace Nvg.Training.Tests.Distributed;

public sealed class LaunchEnvironmentTests
{
    // As torchrun sets them for the last of four workers on two machines.
    private const string Torchrun =
        "LOCAL_RANK=1 RANK=3 GROUP_RANK=1 ROLE_RANK=3 ROLE_NAME=default LOCAL_WORLD_SIZE=2 WORLD_SIZE=4 "
        + "GROUP_WORLD_SIZE=2 ROLE_WORLD_SIZE=4 "
        + "MASTER_ADDR=node1 MASTER_PORT=29400 TORCHELASTIC_RESTART_COUNT=0 TORCHELASTIC_MAX_RESTARTS=3 TORCHELASTIC_RUN_ID=none "
        + "TORCHELASTIC_USE_AGENT_STORE=True TORCH_NCCL_ASYNC_ERROR_HANDLING=1 OMP_NUM_THREADS=1";

    private const string Slurm =
        "SLURM_NTASKS=8 SLURM_PROCID=5 SLURM_LOCALID=1 SLURM_NODEID=1 SLURM_JOB_NUM_NODES=2 SLURM_NTASKS_PER_NODE=4 "
        + "SLURM_JOB_ID=123456 SLURM_JOB_NODELIST=gpu[007-008] SLURM_JOB_NAME=nvg";

    [Fact]
    public void Detect_Torchrun_LeavesTheAgentItsPort() =>
        Assert.Equal(new LaunchEnvironment("torchrun", 3, 4, 1, 2, "node1", 29401), Detect(Torchrun));

    [Fact]
    public void Detect_TorchrunWithoutAgentStore_TakesThePort() =>
        Assert.Equal(29400, Detect(Torchrun.Replace("STORE=True", "STORE=False", StringComparison.Ordinal))!.Port);

    [Fact]
    public void Detect_PortVariable_Wins() => Assert.Equal(4242, Detect(Torchrun + " NVG_MASTER_PORT=4242")!.Port);

    [Fact]
    public void Detect_Kubeflow_IsOneProcessPerPod()
    {
        LaunchEnvironment environment = Detect(
            "KUBERNETES_PORT=tcp://10.0.0.1:443 MASTER_ADDR=job-master-0 MASTER_PORT=23456 WORLD_SIZE=3 RANK=2 PYTHONUNBUFFERED=1")!;
        Assert.Equal(
            (2, 3, 0, 1, "job-master-0", 23456),
            (environment.Rank, environment.WorldSize, environment.LocalRank, environment.LocalWorldSize, environment.Address,
            environment.Port));
    }

    [Fact]
    public void Detect_Slurm_MeetsAtTheFirstNode()
    {
        LaunchEnvironment environment = Detect(Slurm)!;
        Assert.Equal(new LaunchEnvironment("Slurm", 5, 8, 1, 4, "gpu007", 20000 + 123456 % 20000), environment);
    }

    [Theory]
    [InlineData("SLURM_NTASKS=8 SLURM_PROCID=0 SLURM_LOCALID=0 SLURM_JOB_NAME=bash SLURM_JOB_NODELIST=n1")]
    [InlineData("SLURM_NTASKS=1 SLURM_PROCID=0 SLURM_JOB_NAME=nvg")]
    [InlineData("MASTER_ADDR=left MASTER_PORT=1 WORLD_SIZE=2")]
    [InlineData("")]
    public void Detect_NoLaunch_IsNull(string variables) => Assert.Null(Detect(variables));

    [Theory]
    [InlineData("RANK=0", "WORLD_SIZE, MASTER_ADDR, MASTER_PORT")]
    [InlineData("RANK=0 WORLD_SIZE=2 MASTER_ADDR=a", "MASTER_PORT")]
    [InlineData("RANK=0 LOCAL_RANK=0 WORLD_SIZE=2 MASTER_ADDR=a MASTER_PORT=1", "GROUP_RANK, LOCAL_WORLD_SIZE")]
    [InlineData("SLURM_NTASKS=2 SLURM_PROCID=0 SLURM_JOB_NODELIST=a", "SLURM_LOCALID")]
    [InlineData("RANK=2 WORLD_SIZE=2 MASTER_ADDR=a MASTER_PORT=1", "rank 2 must be between 0 and 1")]
    [InlineData("RANK=-1 WORLD_SIZE=2 MASTER_ADDR=a MASTER_PORT=1", "RANK is '-1'")]
    [InlineData("RANK=0 WORLD_SIZE=2 MASTER_ADDR=a MASTER_PORT=70000", "70000 is not a port number")]
    [InlineData("RANK=0 WORLD_SIZE=two MASTER_ADDR=a MASTER_PORT=1", "WORLD_SIZE is 'two'")]
    public void Detect_PartialOrContradictory_SaysWhat(string variables, string message)
    {
        var error = Assert.Throws<FormatException>(() => Detect(variables));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData("node1", "node1")]
    [InlineData("node1,node2", "node1")]
    [InlineData("gpu[007-010,12],login1", "gpu007")]
    [InlineData("gpu[3]", "gpu3")]
    [InlineData("login1,gpu[3-4]", "login1")]
    [InlineData("rack[1-2]-a,other", "rack1-a")]
    public void FirstHost_SlurmsLists_GiveTheFirst(string list, string host) => Assert.Equal(host, LaunchEnvironment.FirstHost(list));

    [Fact]
    public void ProcessSettings_Read_TakesTimesAndTheFirstNetwork()
    {
        ProcessSettings settings = ProcessSettings.Read(name => name switch
        {
            "NVG_LOST_AFTER_SECONDS" => "2.5",
            "GLOO_SOCKET_IFNAME" => "eth1,eth2",
            _ => null,
        });
        Assert.Equal(
            (TimeSpan.FromSeconds(2.5), TimeSpan.FromSeconds(300), "eth1"),
            (settings.LostAfter, settings.MeetingTimeout, settings.Network));
        Assert.Contains(
            "NVG_MEETING_SECONDS is '-1'",
            Assert.Throws<FormatException>(() => ProcessSettings.Read(n => n == "NVG_MEETING_SECONDS" ? "-1" : null)).Message,
            StringComparison.Ordinal);
    }

    private static LaunchEnvironment? Detect(string variables)
    {
        Dictionary<string, string> values = variables.Split(
            ' ', StringSplitOptions.RemoveEmptyEntries).Select(v => v.Split('=', 2)).ToDictionary(v => v[0], v => v[1]);
        return LaunchEnvironment.Detect(values.GetValueOrDefault);
    }
}
