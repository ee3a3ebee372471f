using Nvg.Checkpoints;
using Nvg.Data.Datasets;
using Nvg.Generators;
using Nvg.Pretrained;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Training.Ownership;

namespace Nvg.Training.Tasks.Generators;

/// <summary>
/// The frozen models that a generator run uses: the tokenizer, and the optional image encoder of representation alignment.
/// Also determines the sizes of the new model, which follow from these models.
/// </summary>
internal sealed class GeneratorRunInputs : IDisposable
{
    private readonly OwnedObjects _owned = new();
    private readonly NvgModel _tokenizer;

    /// <param name="config">Settings.</param>
    /// <param name="data">Provides the image size and the number of classes; borrowed.</param>
    /// <param name="device">The training device.</param>
    /// <exception cref="NvgDataException">A model cannot be used, or the sizes do not fit together.</exception>
    internal GeneratorRunInputs(GeneratorRunConfig config, IImageDataset data, Device device)
    {
        using OwnedObjects.Construction construction = _owned.Construct();
        _tokenizer = _owned.Add(NvgModel.Load(config.Tokenizer, device, withGenerator: false));
        DataRequirements.RequireSize(data, _tokenizer.Config.Tokenizer.ImageSize, "tokenizer");
        Model = SizesOf(config, _tokenizer.Config.Tokenizer, data.Classes.Count,
            structure: SizesOfStart(config, GeneratorParts.Content), content: SizesOfStart(config, GeneratorParts.Structure));
        // Checked before training rather than after it.
        int lastStage = Model.Tokenizer.Grid.LastStage;
        if (Model.Validate().Union(config.Sampling.Validate(lastStage)).ToList() is { Count: > 0 } problems)
            throw new NvgDataException($"settings of the run: {string.Join("; ", problems)}");
        if (config.Loss.Alignment is { } alignment)
            Encoder = _owned.Add(VisionTransformer.Load(alignment.Weights, device));
        construction.Complete();
    }

    /// <summary>Configuration of the new model.</summary>
    internal ModelConfig Model { get; }

    /// <summary>The frozen tokenizer.</summary>
    internal Tokenizer Tokenizer => _tokenizer.Tokenizer;

    /// <summary>The encoder of representation alignment, or null.</summary>
    internal VisionTransformer? Encoder { get; }

    /// <summary>Fingerprint of the tokenizer and its structure construction.</summary>
    internal string TokenizerFingerprint => _tokenizer.Fingerprint() + _tokenizer.Config.Tokenizer.Structure;

    /// <summary>Fingerprint of all models that a run depends on. It depends on their content, not on where they are stored.</summary>
    /// <param name="start">The model whose generators the run starts with, or null.</param>
    internal string FingerprintWith(NvgModel? start) => $"{TokenizerFingerprint}{start?.Fingerprint()}{Encoder?.Fingerprint}";

    /// <summary>Loads the model whose generators the run starts with; the caller disposes it.</summary>
    /// <exception cref="NvgDataException">Its generators have other sizes, or belong to another tokenizer.</exception>
    internal NvgModel LoadStart(string folder, Device device)
    {
        NvgModel start = NvgModel.Load(folder, device);
        // A model that predicts velocities may learn to use the length of a step as an input.
        GeneratorConfig? sizes = Model.Generator!.StructureStepInput && start.Config.Generator is { } its
            ? its with { StructureStepInput = true }
            : start.Config.Generator;
        if (start.HasGenerator && sizes == Model.Generator && Tokenizer.Quantizer.HasSameCodes(start.Tokenizer.Quantizer))
            return start;
        start.Dispose();
        throw RunStart.Unfit(folder, "its generators have other sizes, or belong to another tokenizer");
    }

    /// <inheritdoc/>
    public void Dispose() => _owned.Dispose();

    private static ModelConfig SizesOf(
        GeneratorRunConfig config, TokenizerConfig sizes, int classCount, GeneratorConfig? structure, GeneratorConfig? content) => new()
        {
            Name = config.Name,
            Tokenizer = sizes,
            Generator = new GeneratorConfig
            {
                LatentHeight = sizes.Grid.Height,
                LatentWidth = sizes.Grid.Width,
                LatentChannels = sizes.LatentChannels,
                CodebookSize = sizes.CodebookSize,
                ClassCount = classCount,
                Depth = config.Depth,
                TokenFeatures = config.TokenFeatures,
                StructureStepInput = config.Loss.Intervals is not null || structure?.StructureStepInput == true,
                StructureGuidanceLimit = structure?.StructureGuidanceLimit,
                ContentGuidanceLimit = content?.ContentGuidanceLimit,
            },
            Sampling = config.Sampling,
        };

    // A generator that is not trained keeps the inputs that it was distilled with.
    private static GeneratorConfig? SizesOfStart(GeneratorRunConfig config, GeneratorParts trained) =>
        config.Parts == trained && config.Start is { } start ? NvgModel.ReadConfig(start).Generator : null;
}
