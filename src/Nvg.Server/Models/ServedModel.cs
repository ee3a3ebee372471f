using Nvg.Torch;

namespace Nvg.Server.Models;

/// <summary>A model that is served.</summary>
/// <param name="model">Borrowed.</param>
/// <param name="type">Precision of the model's matrices.</param>
/// <param name="batchSize">Number of images that are always computed together.</param>
internal sealed class ServedModel(NvgModel model, ScalarType type, int batchSize)
{
    // Random weights are not in a file.
    private readonly Lazy<string> _fingerprint =
        new(() => model.Folder.Length > 0 ? model.Fingerprint() : $"random weights {model.Config.Name}");

    internal string Name => Model.Config.Name;

    internal NvgModel Model => model;

    internal ScalarType Type => type;

    internal int BatchSize => batchSize;

    /// <summary>SHA-256 of the weights.</summary>
    internal string Fingerprint => _fingerprint.Value;

    internal int StageCount => Model.Grid.StageCount;

    internal int ImageSize => Model.Config.Tokenizer.ImageSize;
}
