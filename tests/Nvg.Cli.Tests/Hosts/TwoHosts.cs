using System.Diagnostics;

namespace Nvg.Cli.Tests.Hosts;

/// <summary>
/// Two hosts on one machine: network namespaces joined by a cable (a veth pair), each with a host name of its own. Needs root.
/// </summary>
internal sealed class TwoHosts : IDisposable
{
    // Names of interfaces have at most 15 characters.
    private readonly string _id = Guid.NewGuid().ToString("N")[..6];

    internal TwoHosts()
    {
        foreach (int host in new[] { 0, 1 })
            Run("ip", "netns", "add", Space(host));
        Run("ip", "link", "add", Cable(0), "netns", Space(0), "type", "veth", "peer", "name", Cable(1), "netns", Space(1));
        foreach (int host in new[] { 0, 1 })
        {
            In(host, "ip", "address", "add", $"{Address(host)}/24", "dev", Cable(host));
            In(host, "ip", "link", "set", Cable(host), "up");
            In(host, "ip", "link", "set", "lo", "up");
        }
    }

    /// <summary>Why there cannot be two hosts here, or null.</summary>
    internal static string? Obstacle =>
        Environment.GetEnvironmentVariable("NVG_TEST_TWO_HOSTS") is not "1" ? "set NVG_TEST_TWO_HOSTS=1 (needs root and iproute2)"
        : Environment.UserName != "root" ? "needs root"
        : !File.Exists("/usr/sbin/ip") && !File.Exists("/sbin/ip") ? "no ip (Debian: iproute2)"
        : null;

    /// <summary>Starts rank 0 or 1 of two on its host, with the variables of torchrun for two hosts of one process each.</summary>
    internal TrainingProcess Start(int rank, TemporaryFolder folder, string run, params string[] more) =>
        TrainingProcess.StartBy("ip", ["netns", "exec", Space(rank), "env", .. Variables(rank), .. Named(rank)], folder, run, more);

    /// <summary>Pulls the cable.</summary>
    internal void CutCable() => In(1, "ip", "link", "set", Cable(1), "down");

    /// <summary>Limits the bandwidth of the cable, in both directions.</summary>
    internal void LimitBandwidth(string rate)
    {
        foreach (int host in new[] { 0, 1 })
            In(host, "tc", "qdisc", "add", "dev", Cable(host), "root", "tbf", "rate", rate, "burst", "32kbit", "latency", "400ms");
    }

    public void Dispose()
    {
        foreach (int host in new[] { 0, 1 })
            Run("ip", "netns", "delete", Space(host));
    }

    private static string Address(int host) => $"10.83.7.{host + 1}";

    private string Space(int host) => $"nvg-{_id}-{host}";

    private string Cable(int host) => $"nvg{_id}{host}";

    private string[] Variables(int rank) =>
    [
        $"RANK={rank}", "WORLD_SIZE=2", "LOCAL_RANK=0", "LOCAL_WORLD_SIZE=1", $"GROUP_RANK={rank}", "GROUP_WORLD_SIZE=2",
        $"ROLE_RANK={rank}",
        "ROLE_WORLD_SIZE=2", "ROLE_NAME=default", $"MASTER_ADDR={Address(0)}", "MASTER_PORT=29400", $"GLOO_SOCKET_IFNAME={Cable(rank)}",
        "TORCHELASTIC_RESTART_COUNT=0", "TORCHELASTIC_RUN_ID=none",
    ];

    // Another host name, in a namespace of names.
    private static string[] Named(int rank) => ["unshare", "--uts", "sh", "-c", $"hostname nvg-host-{rank}; exec \"$@\"", "sh"];

    private void In(int host, params string[] command) => Run("ip", ["netns", "exec", Space(host), .. command]);

    private static void Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {error}");
    }
}
