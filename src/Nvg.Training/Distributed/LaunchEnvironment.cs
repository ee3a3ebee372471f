using System.Globalization;

namespace Nvg.Training.Distributed;

/// <summary>Environment variables with which a launcher describes the group of a process.</summary>
/// <param name="Launcher">Name of the launcher, for messages.</param>
/// <param name="Rank">Rank of the process, from 0.</param>
/// <param name="WorldSize">Number of processes.</param>
/// <param name="LocalRank">Rank among the processes of its machine.</param>
/// <param name="LocalWorldSize">Number of processes on its machine.</param>
/// <param name="Address">Host of rank 0.</param>
/// <param name="Port">Port of the store that rank 0 serves.</param>
public sealed record LaunchEnvironment(
    string Launcher, int Rank, int WorldSize, int LocalRank, int LocalWorldSize, string Address, int Port)
{
    /// <summary>The variable that overrides the launcher's port.</summary>
    public const string PortVariable = "NVG_MASTER_PORT";

    private const int LastPort = 65535, FirstSlurmPort = 20000, SlurmPorts = 20000;

    private static readonly string[] PerProcess = ["RANK", "LOCAL_RANK", "GROUP_RANK", "LOCAL_WORLD_SIZE"];

    /// <summary>Reads the variables of torchrun, then those of Kubeflow and of custom scripts, then those of Slurm.</summary>
    /// <param name="variable">Returns the value of a variable, or null.</param>
    /// <returns>Null for a single process without a launcher.</returns>
    /// <exception cref="FormatException">Only some of the variables are set, or their values contradict each other.</exception>
    public static LaunchEnvironment? Detect(Func<string, string?> variable)
    {
        string? Read(string name) => variable(name) is { Length: > 0 } value ? value : null;

        // Many other tools leave WORLD_SIZE and MASTER_ADDR behind, so these two alone mean nothing.
        LaunchEnvironment? found = PerProcess.Any(name => Read(name) is not null) ? FromRank(Read) : FromSlurm(Read);
        return found?.Checked();
    }

    private static LaunchEnvironment FromRank(Func<string, string?> read)
    {
        string[] local = [.. PerProcess.Skip(1).Where(name => read(name) is not null)];
        bool perMachine = local.Length == 0;
        string[] ranks = perMachine ? ["RANK"] : PerProcess;
        Require(read, [.. ranks, "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"]);
        int port = Number(read, "MASTER_PORT");
        // The agent of torchrun uses that port for its own store.
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
        int perNode = read("SLURM_NTASKS_PER_NODE") is null
            ? (tasks + nodes - 1) / Math.Max(nodes, 1)
            : Number(read, "SLURM_NTASKS_PER_NODE");
        int port = read("MASTER_PORT") is not null ? Number(read, "MASTER_PORT")
            : FirstSlurmPort + (read("SLURM_JOB_ID") is null ? 0 : Number(read, "SLURM_JOB_ID") % SlurmPorts);
        return new LaunchEnvironment(
            "Slurm", Number(read, "SLURM_PROCID"), tasks, Number(read, "SLURM_LOCALID"), perNode,
            read("MASTER_ADDR") ?? FirstHost(read("SLURM_JOB_NODELIST")!), PortOr(read, port));
    }

    /// <summary>The first host of a Slurm host list: <c>gpu007</c> for <c>gpu[007-010,12],login1</c>.</summary>
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
            throw new FormatException($"{Launcher}: rank {Rank} must be between 0 and {WorldSize - 1} for {WorldSize} processes");
        if (LocalWorldSize < 1 || LocalRank < 0 || LocalRank >= LocalWorldSize)
        {
            throw new FormatException(
                $"{Launcher}: local rank {LocalRank} must be between 0 and {LocalWorldSize - 1} "
                + $"for {LocalWorldSize} processes on this machine");
        }

        if (Port is < 1 or > LastPort)
            throw new FormatException($"{Launcher}: {Port} is not a port number");
        return this;
    }

    private static void Require(Func<string, string?> read, IEnumerable<string> names)
    {
        string[] all = [.. names], missing = [.. all.Where(name => read(name) is null)];
        if (missing.Length > 0)
        {
            throw new FormatException(
                $"{string.Join(", ", all.Except(missing))} set, but not {string.Join(", ", missing)}: "
                + "a launcher sets all of them; for a single process, unset them");
        }
    }

    private static int PortOr(Func<string, string?> read, int port) => read(PortVariable) is null ? port : Number(read, PortVariable);

    private static int Number(Func<string, string?> read, string name) =>
        int.TryParse(read(name), NumberStyles.None, CultureInfo.InvariantCulture, out int value)
            ? value
            : throw new FormatException($"{name} is '{read(name)}', which is not a whole number from 0");
}
