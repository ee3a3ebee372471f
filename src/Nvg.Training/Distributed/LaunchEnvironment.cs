using System.Globalization;

namespace Nvg.Training.Distributed;

/// <summary>What a launcher tells a process about the processes that it belongs to, in environment variables.</summary>
/// <param name="Launcher">Who started it, in words.</param>
/// <param name="Rank">Number of the process, from 0.</param>
/// <param name="WorldSize">How many processes there are.</param>
/// <param name="LocalRank">Its number among those of its machine.</param>
/// <param name="LocalWorldSize">How many run on its machine.</param>
/// <param name="Address">Host of the process of rank 0.</param>
/// <param name="Port">Port that the processes meet at.</param>
public sealed record LaunchEnvironment(string Launcher, int Rank, int WorldSize, int LocalRank, int LocalWorldSize, string Address, int Port)
{
    /// <summary>The variable that sets the port, whatever the launcher says.</summary>
    public const string PortVariable = "NVG_MASTER_PORT";

    private const int LastPort = 65535, FirstSlurmPort = 20000, SlurmPorts = 20000;

    private static readonly string[] PerProcess = ["RANK", "LOCAL_RANK", "GROUP_RANK", "LOCAL_WORLD_SIZE"];

    /// <summary>Reads the variables: those of torchrun, then those of Kubeflow and of hand-made scripts, then Slurm's.</summary>
    /// <param name="variable">Gives a variable's value, or null.</param>
    /// <returns>Null where no launcher speaks: a single process.</returns>
    /// <exception cref="FormatException">Only some of the variables are set, or their values contradict each other.</exception>
    public static LaunchEnvironment? Detect(Func<string, string?> variable)
    {
        string? Read(string name) => variable(name) is { Length: > 0 } value ? value : null;

        // WORLD_SIZE and MASTER_ADDR alone are left behind by many other tools.
        LaunchEnvironment? found = PerProcess.Any(name => Read(name) is not null) ? FromRank(Read) : FromSlurm(Read);
        return found?.Checked();
    }

    private static LaunchEnvironment FromRank(Func<string, string?> read)
    {
        string[] local = [.. PerProcess.Skip(1).Where(name => read(name) is not null)];
        bool perMachine = local.Length == 0;
        Require(read, perMachine ? ["RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"] : [.. PerProcess, "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"]);
        int port = Number(read, "MASTER_PORT");
        // There the agent of torchrun serves a store of its own.
        if (read("TORCHELASTIC_USE_AGENT_STORE") is { } agent && string.Equals(agent, "True", StringComparison.OrdinalIgnoreCase))
            port += port < LastPort ? 1 : -1;
        return new LaunchEnvironment(
            perMachine ? "RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT" : "torchrun",
            Number(read, "RANK"), Number(read, "WORLD_SIZE"),
            perMachine ? 0 : Number(read, "LOCAL_RANK"), perMachine ? 1 : Number(read, "LOCAL_WORLD_SIZE"),
            read("MASTER_ADDR")!, PortOr(read, port));
    }

    private static LaunchEnvironment? FromSlurm(Func<string, string?> read)
    {
        // An interactive shell has the variables of its allocation, but srun did not start this process.
        if (read("SLURM_NTASKS") is null || read("SLURM_JOB_NAME") is "bash" or "interactive" || Number(read, "SLURM_NTASKS") == 1)
            return null;
        Require(read, ["SLURM_PROCID", "SLURM_LOCALID", read("MASTER_ADDR") is null ? "SLURM_JOB_NODELIST" : "MASTER_ADDR"]);
        int tasks = Number(read, "SLURM_NTASKS");
        int nodes = read("SLURM_JOB_NUM_NODES") is null ? 1 : Number(read, "SLURM_JOB_NUM_NODES");
        int perNode = read("SLURM_NTASKS_PER_NODE") is null ? (tasks + nodes - 1) / Math.Max(nodes, 1) : Number(read, "SLURM_NTASKS_PER_NODE");
        int port = read("MASTER_PORT") is not null ? Number(read, "MASTER_PORT")
            : FirstSlurmPort + (read("SLURM_JOB_ID") is null ? 0 : Number(read, "SLURM_JOB_ID") % SlurmPorts);
        return new LaunchEnvironment(
            "Slurm", Number(read, "SLURM_PROCID"), tasks, Number(read, "SLURM_LOCALID"), perNode,
            read("MASTER_ADDR") ?? FirstHost(read("SLURM_JOB_NODELIST")!), PortOr(read, port));
    }

    /// <summary>The first host of a list as Slurm writes it: <c>gpu[007-010,12],login1</c> begins with <c>gpu007</c>.</summary>
    internal static string FirstHost(string list)
    {
        int bracket = list.IndexOf('[', StringComparison.Ordinal), comma = list.IndexOf(',', StringComparison.Ordinal);
        if (bracket < 0 || (comma >= 0 && comma < bracket))
            return comma < 0 ? list : list[..comma];
        int end = list.IndexOfAny(['-', ',', ']'], bracket);
        int close = list.IndexOf(']', bracket);
        if (end < 0 || close < 0)
            throw new FormatException($"SLURM_JOB_NODELIST '{list}' cannot be read: set MASTER_ADDR to the first host");
        int after = list.IndexOf(',', close);
        string suffix = after < 0 ? list[(close + 1)..] : list[(close + 1)..after];
        return list[..bracket] + list[(bracket + 1)..end] + suffix;
    }

    private LaunchEnvironment Checked()
    {
        if (WorldSize < 1 || Rank < 0 || Rank >= WorldSize)
            throw new FormatException($"{Launcher}: rank {Rank} of {WorldSize} processes is none of 0 to {WorldSize - 1}");
        if (LocalWorldSize < 1 || LocalRank < 0 || LocalRank >= LocalWorldSize)
            throw new FormatException($"{Launcher}: local rank {LocalRank} of {LocalWorldSize} processes on this machine is none of 0 to {LocalWorldSize - 1}");
        if (Port is < 1 or > LastPort)
            throw new FormatException($"{Launcher}: {Port} is no port");
        return this;
    }

    private static void Require(Func<string, string?> read, IEnumerable<string> names)
    {
        string[] all = [.. names], missing = [.. all.Where(name => read(name) is null)];
        if (missing.Length > 0)
            throw new FormatException($"{string.Join(", ", all.Except(missing))} set, but not {string.Join(", ", missing)}: a launcher sets all of them; for a single process unset them");
    }

    private static int PortOr(Func<string, string?> read, int port) => read(PortVariable) is null ? port : Number(read, PortVariable);

    private static int Number(Func<string, string?> read, string name) =>
        int.TryParse(read(name), NumberStyles.None, CultureInfo.InvariantCulture, out int value)
            ? value
            : throw new FormatException($"{name} is '{read(name)}', which is no whole number from 0");
}
