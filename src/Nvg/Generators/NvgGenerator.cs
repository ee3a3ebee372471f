using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Generators;

/// <summary>Both generators of a model, under the names of the published checkpoints. Owns their parameters.</summary>
public sealed class NvgGenerator : IDisposable
{
    /// <param name="config">Sizes.</param>
    /// <param name="source">Fresh or stored parameters.</param>
    /// <exception cref="ArgumentException">The sizes contradict each other; every problem is named.</exception>
    public NvgGenerator(GeneratorConfig config, ParameterSource source)
    {
        if (config.Validate().ToList() is { Count: > 0 } problems)
            throw new ArgumentException(string.Join("; ", problems));
        Config = config;
        var root = new ParameterPath(Parameters, source);
        try
        {
            Content = new ContentGenerator(root, config);
            Structure = new StructureGenerator(root, config);
        }
        catch
        {
            Parameters.Dispose();
            throw;
        }
    }

    /// <summary>Sizes.</summary>
    public GeneratorConfig Config { get; }

    /// <summary>All parameters by their published names.</summary>
    public ParameterStore Parameters { get; } = new();

    /// <summary>Predicts tokens.</summary>
    public ContentGenerator Content { get; }

    /// <summary>Predicts structure maps.</summary>
    public StructureGenerator Structure { get; }

    /// <summary>Where the parameters are.</summary>
    public Device Device => Content.ScaleFactors.Device;

    /// <inheritdoc/>
    public void Dispose() => Parameters.Dispose();
}
