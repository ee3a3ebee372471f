using Nvg.Data.Datasets;

namespace Nvg.Cli.Commands.Training;

/// <summary>Everything that a training task is created from.</summary>
/// <param name="Settings">The config with overrides.</param>
/// <param name="Data">The data set; borrowed.</param>
/// <param name="Process">The process that trains.</param>
/// <param name="Sequences">Folder of sequences that were encoded elsewhere, or null.</param>
internal sealed record TrainingStart<TConfig>(TConfig Settings, IImageDataset Data, TrainingRunProcess Process, string? Sequences);
