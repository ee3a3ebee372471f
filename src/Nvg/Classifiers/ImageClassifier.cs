using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Classifiers;

/// <summary>
/// A small convolutional classifier, whose last features also serve as image descriptors: a whitening layer, blocks of two
/// convolutions, the mean over positions and a linear head. Owns its parameters.
/// </summary>
public sealed class ImageClassifier : IDisposable
{
    private readonly Tensor _whitening;
    private readonly Tensor _whiteningBias;
    private readonly ClassifierBlock[] _blocks;
    private readonly Linear _head;

    /// <param name="config">Sizes.</param>
    /// <param name="source">Random or stored parameters.</param>
    public ImageClassifier(ClassifierConfig config, ParameterSource source)
    {
        Config = config;
        Parameters = new ParameterStore();
        int[] widths = [config.WhiteningChannels, .. config.BlockChannels];
        long[] filters = [config.WhiteningChannels, 3, PatchWhitening.Side, PatchWhitening.Side];
        (_whitening, _whiteningBias, _blocks, _head) = Parameters.Build(source, root => (
            (root / "whitening").MeasuredBuffer("weight", filters, Initialization.FanInUniform),
            (root / "whitening").Parameter("bias", [config.WhiteningChannels], Initialization.Zeros),
            config.BlockChannels.Select((width, i) => new ClassifierBlock(root / "blocks" / i, widths[i], width)).ToArray(),
            new Linear(root / "head", config.FeatureCount, config.ClassCount)));
    }

    /// <summary>Sizes.</summary>
    public ClassifierConfig Config { get; }

    /// <summary>All tensors by name.</summary>
    public ParameterStore Parameters { get; }

    /// <summary>Device of the parameters.</summary>
    public Device Device => _whitening.Device;

    /// <summary>
    /// Features of images, without gradients: the mean of the features of an image and of its mirror image. They do not depend on the
    /// rest of the batch.
    /// </summary>
    /// <param name="images">N × 3 × H × W in [−1, 1].</param>
    /// <returns>N × feature count, float32.</returns>
    public Tensor Features(Tensor images)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        Tensor plain_NF = Features(images, (norm, x) => norm.Forward(x));
        Tensor mirrored_NF = Features(images.Flip(3), (norm, x) => norm.Forward(x));
        return scope.Keep((plain_NF + mirrored_NF) / 2.0);
    }

    /// <summary>Logits from features.</summary>
    /// <param name="features_NF">N × feature count.</param>
    /// <returns>N × class count, float32.</returns>
    public Tensor Classify(Tensor features_NF)
    {
        using Tensor logits_NV = _head.Forward(features_NF);
        return logits_NV.To(ScalarType.Float32);
    }

    /// <summary>Logits for training: batch norms use the statistics of the batch.</summary>
    /// <param name="images">N × 3 × H × W in [−1, 1].</param>
    /// <returns>N × class count, float32.</returns>
    public Tensor ForwardTraining(Tensor images)
    {
        using Tensor features_NF = Features(images, (norm, x) => norm.ForwardBatch(x));
        return Classify(features_NF);
    }

    /// <summary>Sets the whitening layer from the statistics of images.</summary>
    /// <param name="images">N × 3 × H × W in [−1, 1]; a few thousand.</param>
    public void MeasureWhitening(Tensor images)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using Tensor filters = PatchWhitening.Filters(images, Config.WhiteningChannels);
        _whitening.CopyFrom(filters);
    }

    /// <summary>Sets the statistics of all batch norms to their means over batches. Training does not update them.</summary>
    /// <param name="batches">
    /// Images, N × 3 × H × W in [−1, 1], in batches of about the size used in training; each batch is disposed after use.
    /// </param>
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
