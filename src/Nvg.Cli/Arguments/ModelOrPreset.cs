using Nvg.Checkpoints;
using Nvg.Cli.Terminal;
using Nvg.Torch;

namespace Nvg.Cli.Arguments;

/// <summary>A model's folder, or the sizes of a preset with random weights: what commands that measure time and precision take.</summary>
internal static class ModelOrPreset
{
    /// <summary>The preset that is asked for, or null where a model is.</summary>
    /// <param name="model">What <c>--model</c> names, or null.</param>
    /// <param name="preset">What <c>--preset</c> names, or null.</param>
    /// <exception cref="UsageException">Both are named, or there is no such preset.</exception>
    internal static ModelConfig? Preset(string? model, string? preset)
    {
        if (preset is null)
            return null;
        if (model is not null)
            throw new UsageException("--model and --preset exclude each other");
        return Presets.Find(preset, out string? problem) ?? throw new UsageException(problem!);
    }

    /// <summary>Random weights of a preset, or the model that is named, or the usual one.</summary>
    /// <exception cref="NvgDataException">The model cannot be read.</exception>
    internal static NvgModel Open(string? model, ModelConfig? preset, Device device, ScalarType type) => preset is null
        ? NvgModel.Load(ModelFolder.Resolve(model), device, type)
        : NvgModel.Random(preset, 0, device, type, preset.Generator is null ? null : Presets.ScaleFactors);
}
