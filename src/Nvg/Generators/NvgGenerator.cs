using Nvg.Configuration;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Generators;

/// <summary>Both generators of a model, with the parameter names of the published checkpoints. Owns their parameters.</summary>
public sealed class NvgGenerator : IDisposable
{
    /// <param name="config">Sizes.</param>
    /// <param name="source">Random or stored parameters.</param>
    /// <exception cref="ArgumentException">The config is invalid; the message names every problem.</exception>
    public NvgGenerator(GeneratorConfig config, ParameterSource source)
    {
        config.Validate().ThrowIfAny();
        Config = config;
        (Content, Structure) = Parameters.Build(source, root => (new ContentGenerator(root, config), new StructureGenerator(root, config)));
    }

    /// <summary>Sizes.</summary>
    public GeneratorConfig Config { get; }

    /// <summary>All parameters by name.</summary>
    public ParameterStore Parameters { get; } = new();

    /// <summary>Predicts the content of a stage.</summary>
    public ContentGenerator Content { get; }

    /// <summary>Predicts the structure map of the next stage.</summary>
    public StructureGenerator Structure { get; }

    /// <summary>Device of the parameters.</summary>
    public Device Device => Content.ScaleFactors.Device;

    /// <inheritdoc/>
    public void Dispose() => Parameters.Dispose();
}
