using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Training.Tasks.Generators;

/// <summary>
/// Three linear layers with SiLU that map hidden states of the content generator to the features of a frozen image encoder
/// (representation alignment; docs/method.md, section 8). Used in training only. Owns its parameters if it created their store.
/// </summary>
public sealed class FeatureProjector : IDisposable
{
    /// <summary>Prefix of the projector's parameter names.</summary>
    internal const string Name = "projector";

    private readonly Linear _first;
    private readonly Linear _second;
    private readonly Linear _third;
    private readonly bool _ownsParameters;

    /// <param name="source">Fresh or stored parameters, named <c>projector.0</c>, <c>.2</c> and <c>.4</c>.</param>
    /// <param name="width">Width of the content generator.</param>
    /// <param name="hiddenWidth">2048 in the paper.</param>
    /// <param name="featureSize">768 for DINOv2 ViT-B.</param>
    /// <param name="block">Block (from 1) whose output is aligned; 8 in the paper.</param>
    public FeatureProjector(ParameterSource source, int width, int hiddenWidth, int featureSize, int block)
        : this(new ParameterStore(), source, width, hiddenWidth, featureSize, block) => _ownsParameters = true;

    /// <summary>A projector whose parameters belong to the store of a model.</summary>
    internal FeatureProjector(ParameterStore parameters, ParameterSource source, int width, int hiddenWidth, int featureSize, int block)
    {
        Parameters = parameters;
        ParameterPath path = new ParameterPath(parameters, source) / Name;
        _first = new Linear(path / 0, width, hiddenWidth);
        _second = new Linear(path / 2, hiddenWidth, hiddenWidth);
        _third = new Linear(path / 4, hiddenWidth, featureSize);
        Block = block;
    }

    /// <summary>All parameters.</summary>
    public ParameterStore Parameters { get; }

    /// <summary>Block (from 1) whose output is aligned.</summary>
    public int Block { get; }

    /// <summary>Maps N × L × width to N × L × features, in float32.</summary>
    public Tensor Forward(Tensor hidden_NLW)
    {
        using var scope = new TensorScope();
        Tensor x = Functional.Silu(_first.Forward(hidden_NLW));
        x = Functional.Silu(_second.Forward(x));
        return scope.Keep(_third.Forward(x).To(ScalarType.Float32));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_ownsParameters)
            Parameters.Dispose();
    }
}
