using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Training.Tasks.Generators;

/// <summary>
/// Three linears with SiLU that map hidden states of the content generator to the features of a frozen image encoder
/// (representation alignment; specification, section 8). Used in training only. Owns its parameters where it made their store.
/// </summary>
public sealed class FeatureProjector : IDisposable
{
    /// <summary>What the names of its parameters begin with.</summary>
    internal const string Name = "projector";

    private readonly Linear _first;
    private readonly Linear _second;
    private readonly Linear _third;
    private readonly bool _ownsParameters;

    /// <param name="source">Fresh or stored parameters, named <c>projector.0</c>, <c>.2</c> and <c>.4</c>.</param>
    /// <param name="width">Width of the content generator.</param>
    /// <param name="hiddenWidth">2048 in the paper.</param>
    /// <param name="featureSize">768 for DINOv2 ViT-B.</param>
    /// <param name="block">Number (from 1) of the block whose output is aligned; 8 in the paper.</param>
    public FeatureProjector(ParameterSource source, int width, int hiddenWidth, int featureSize, int block)
        : this(new ParameterStore(), source, width, hiddenWidth, featureSize, block) => _ownsParameters = true;

    /// <summary>A projector among the parameters of a model, which own those of the projector too.</summary>
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

    /// <summary>Number (from 1) of the block whose output is aligned.</summary>
    public int Block { get; }

    /// <summary>N × L × W → N × L × features.</summary>
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
