using System.Reflection;
using System.Runtime.InteropServices;
using Nvg.Torch;

namespace Nvg.Cli.Terminal;

/// <summary>The versions and the machine with which a report was made.</summary>
internal static class ReportVersions
{
    internal static IEnumerable<KeyValuePair<string, string>> Current()
    {
        var version = Assembly.GetExecutingAssembly().GetCustomAttribute<AssemblyInformationalVersionAttribute>();
        yield return new("nvg", version?.InformationalVersion ?? "unknown");
        yield return new("libtorch", TorchRuntime.Version);
        yield return new(".NET", Environment.Version.ToString());
        yield return new("machine", $"{RuntimeInformation.OSDescription}, {TorchRuntime.ThreadCount} threads");
    }
}
