using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Nvg.Cli.Terminal;
using Nvg.Torch;
using Nvg.Torch.Files;
using Nvg.Training.Distributed;
using Nvg.Training.Runs;

namespace Nvg.Cli.Launching;

/// <summary>Writes machine, versions and processes of the last start to a run folder.</summary>
internal static class RunEnvironment
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    internal static void Write(string folder, Device device, TrainingProcesses processes, string? launcher)
    {
        var machine = Machine.Current();
        Dictionary<string, string> values = new(ReportVersions.Current())
        {
            ["processor"] = $"{machine.Processor}, {machine.Cores} cores ({machine.Instructions})",
            ["memory"] = string.Create(CultureInfo.InvariantCulture, $"{machine.MemoryGiB} GiB"),
            ["BLAS"] = Machine.LoadedBlas() ?? "unknown",
            ["device"] = device.ToString(),
            ["processes"] = $"{processes.Count}{(processes.Count > 1 ? $" ({launcher})" : "")}",
            ["command"] = string.Join(' ', Environment.GetCommandLineArgs().Skip(1)),
            ["started"] = DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture),
        };
        AtomicFile.Write(Path.Combine(folder, RunReport.EnvironmentFile), stream => JsonSerializer.Serialize(stream, values, Indented));
    }
}
