using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Classifiers;

/// <summary>
/// A small convolutional network that names the class of an image, and whose last features describe images: a
/// whitening layer, blocks of two convolutions, the mean over positions, a linear head. Owns its parameters.
/// </summary>
public sealed class ImageClassifier : IDisposable
{
    private readonly Tensor _whitening;
    private readonly Tensor _whiteningBias;
    private readonly ClassifierBlock[] _blocks;
    private readonly Linear _head;

    /// <param name="config">Sizes.</param>
    /// <param name="source">Gives the parameters.</param>
    public ImageClassifier(ClassifierConfig config, ParameterSource source)
    {
        Config = config;
        Parameters = new ParameterStore();
        try
        {
            var root = new ParameterPath(Parameters, source);
            ParameterPath whitening = root / "whitening";
            _whitening = whitening.MeasuredBuffer("weight", [config.WhiteningChannels, 3, PatchWhitening.Side, PatchWhitening.Side], Initialization.FanInUniform);
            _whiteningBias = whitening.Parameter("bias", [config.WhiteningChannels], Initialization.Zeros);
            int[] widths = [config.WhiteningChannels, .. config.BlockChannels];
            _blocks = [.. config.BlockChannels.Select((width, i) => new ClassifierBlock(root / "blocks" / i, widths[i], width))];
            _head = new Linear(root / "head", config.FeatureCount, config.ClassCount);
        }
        catch
        {
            Parameters.Dispose();
            throw;
        }
    }

    /// <summary>Sizes.</summary>
    public ClassifierConfig Config { get; }

    /// <summary>All tensors by name.</summary>
    public ParameterStore Parameters { get; }

    /// <summary>Where the parameters lie.</summary>
    public Device Device => _whitening.Device;

    /// <summary>
    /// Numbers that describe images, without gradients: the mean of an image's and its mirror image's, so that both are
    /// described the same. They do not depend on the batch.
    /// </summary>
    /// <param name="images">N × 3 × H × W in [−1, 1].</param>
    /// <returns>N × feature count, float32.</returns>
    public Tensor Features(Tensor images)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        Tensor plain_NF = Features(images, (norm, x) => norm.Forward(x)), mirrored_NF = Features(images.Flip(3), (norm, x) => norm.Forward(x));
        return scope.Keep((plain_NF + mirrored_NF) / 2.0);
    }

    /// <summary>Logits of features.</summary>
    /// <param name="features_NF">N × feature count.</param>
    /// <returns>N × class count, float32.</returns>
    public Tensor Classify(Tensor features_NF)
    {
        using Tensor logits_NV = _head.Forward(features_NF);
        return logits_NV.To(ScalarType.Float32);
    }

    /// <summary>Logits with every batch normalised by itself, for training.</summary>
    /// <param name="images">N × 3 × H × W in [−1, 1].</param>
    /// <returns>N × class count, float32.</returns>
    public Tensor ForwardTraining(Tensor images)
    {
        using Tensor features_NF = Features(images, (norm, x) => norm.ForwardBatch(x));
        return Classify(features_NF);
    }

    /// <summary>Sets the whitening layer for images like the given.</summary>
    /// <param name="images">N × 3 × H × W in [−1, 1]; a few thousand.</param>
    public void MeasureWhitening(Tensor images)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using Tensor filters = PatchWhitening.Filters(images, Config.WhiteningChannels);
        _whitening.CopyFrom(filters);
    }

    /// <summary>Sets the statistics of all normalisations to their means over batches; what training leaves out.</summary>
    /// <param name="batches">N × 3 × H × W in [−1, 1] each, in batches about as large as the training's; disposed one by one.</param>
    public void MeasureNormalisation(IEnumerable<Tensor> batches)
    {
        using GradMode noGrad = Autograd.NoGrad();
        int count = 0;
        foreach (Tensor images in batches)
        {
            count++;
            using (images)
                Features(images, (norm, x) => norm.Measure(x, 1.0 / count)).Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Parameters.Dispose();

    private Tensor Features(Tensor images, Func<BatchNorm, Tensor, Tensor> normalise)
    {
        using var scope = new TensorScope();
        Tensor x = Functional.GeluTanh(Functional.Conv2d(images.ChannelsLast(), _whitening, _whiteningBias, padding: 1));
        foreach (ClassifierBlock block in _blocks)
            x = block.Forward(x, normalise);
        return scope.Keep(x.To(ScalarType.Float32).Mean([2, 3]));
    }
}
