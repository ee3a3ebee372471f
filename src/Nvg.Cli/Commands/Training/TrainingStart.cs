using Nvg.Cli.Terminal;
using Nvg.Data.Datasets;
using Nvg.Torch;
using Nvg.Training.Distributed;

namespace Nvg.Cli.Commands.Training;

/// <summary>Everything that a training task is created from.</summary>
/// <param name="Settings">The config with overrides.</param>
/// <param name="Data">The data set; borrowed.</param>
/// <param name="Folder">Folder of the run.</param>
/// <param name="Device">Device of this process.</param>
/// <param name="Processes">The processes of the run.</param>
/// <param name="Launcher">Name of the launcher, or null.</param>
/// <param name="Progress">Shows progress.</param>
/// <param name="Cancellation">Requests to save and end.</param>
/// <param name="Sequences">Folder of sequences that were encoded elsewhere, or null.</param>
internal sealed record TrainingStart<TConfig>(
    TConfig Settings, IImageDataset Data, string Folder, Device Device, TrainingProcesses Processes, string? Launcher,
    ConsoleProgress Progress,
    CancellationToken Cancellation,
    string? Sequences = null);
