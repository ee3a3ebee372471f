using Nvg.Checkpoints;
using Nvg.Cli.Terminal;
using Nvg.Generators;
using Nvg.Models;
using Nvg.Torch;
using Nvg.Training.Tasks.Distillation;
using Nvg.Var;

namespace Nvg.Cli.Arguments;

/// <summary>Opens a model folder, or random weights with a preset's sizes, for commands that measure time and precision.</summary>
internal static class ModelOrPreset
{
    // Above all scales of the published settings.
    private const double LargestGuidance = 4;

    /// <summary>The requested preset, or null if a model is used.</summary>
    /// <param name="model">Value of <c>--model</c>, or null.</param>
    /// <param name="preset">Value of <c>--preset</c>, or null.</param>
    /// <exception cref="UsageException">Both are given, or the preset does not exist.</exception>
    internal static ModelConfig? Preset(string? model, string? preset)
    {
        if (preset is null)
            return null;
        if (model is not null)
            throw new UsageException("--model and --preset cannot be combined");
        return Presets.Find(preset, out string? problem) ?? throw new UsageException(problem!);
    }

    /// <summary>Opens random weights with a preset's sizes, the named model or the default model.</summary>
    /// <exception cref="NvgDataException">The model cannot be loaded.</exception>
    internal static NvgModel Open(string? model, ModelConfig? preset, Device device, ScalarType type) => preset is null
        ? NvgModel.Load(ModelFolder.Resolve(model), device, type)
        : NvgModel.Random(preset, 0, device, type, preset.Generator is null ? null : Presets.ScaleFactors);

    /// <summary>Opens random weights with the sizes of a preset of any method, the named model or the default model.</summary>
    /// <param name="model">Value of <c>--model</c>, or null.</param>
    /// <param name="preset">Value of <c>--preset</c>, or null.</param>
    /// <param name="device">Device of the parameters.</param>
    /// <param name="type">Element type of the matrices.</param>
    /// <param name="distilled">The generators of an NVG preset that take their guidance scale as an input; null for none.</param>
    /// <exception cref="UsageException">Both are given, or the preset does not exist.</exception>
    /// <exception cref="NvgDataException">The model cannot be loaded.</exception>
    internal static IImageModel OpenAny(
        string? model, string? preset, Device device, ScalarType type, IReadOnlyList<DistilledPart>? distilled = null)
    {
        if (model is null && preset is not null && VarPresets.Find(preset) is { } ofVar)
            return VarModel.Random(ofVar, 0, device, type);
        return Preset(model, preset) is { } ofNvg
            ? Open(model, Distilled(ofNvg, distilled ?? []), device, type)
            : ImageModels.Load(ModelFolder.Resolve(model), device, type);
    }

    // The sizes that a preset has after its parts are distilled.
    private static ModelConfig Distilled(ModelConfig preset, IReadOnlyList<DistilledPart> parts)
    {
        if (parts.Count == 0)
            return preset;
        GeneratorConfig sizes = preset.Generator ?? throw new UsageException($"--distilled: {preset.Name} has no generators");
        bool structure = parts.Contains(DistilledPart.Structure), content = parts.Contains(DistilledPart.Content);
        return preset with
        {
            Generator = sizes with
            {
                StructureStepInput = structure,
                StructureGuidanceLimit = structure ? LargestGuidance : null,
                ContentGuidanceLimit = content ? LargestGuidance : null,
            },
        };
    }
}
