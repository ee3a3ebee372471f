using System.Reflection;
using System.Runtime.InteropServices;
using Nvg.Torch;

namespace Nvg.Cli.Terminal;

/// <summary>What a report says of the machine and the versions it was made with.</summary>
internal static class ReportVersions
{
    internal static IEnumerable<KeyValuePair<string, string>> Current()
    {
        yield return new("nvg", Assembly.GetExecutingAssembly().GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown");
        yield return new("libtorch", TorchRuntime.Version);
        yield return new(".NET", Environment.Version.ToString());
        yield return new("machine", $"{RuntimeInformation.OSDescription}, {TorchRuntime.ThreadCount} threads");
    }
}
