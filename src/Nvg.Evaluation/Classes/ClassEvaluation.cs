using Nvg.Evaluation.Features;
using Nvg.Evaluation.Statistics;
using Nvg.Imaging;
using Nvg.Torch;

namespace Nvg.Evaluation.Classes;

/// <summary>Classifies images and counts how often the expected class is recognised.</summary>
public static class ClassEvaluation
{
    /// <summary>Runs the evaluation.</summary>
    /// <param name="network">A network with classes; borrowed.</param>
    /// <param name="images">Images of the same size, each with a class.</param>
    /// <param name="batchSize">Images per batch; it affects only speed.</param>
    /// <param name="progress">Receives the number of images done, or null.</param>
    /// <param name="cancellation">Checked before every batch.</param>
    /// <exception cref="NvgDataException">
    /// An image has no class or does not fit the network, there are no images, or a logit is not finite.
    /// </exception>
    public static ClassAccuracy Run(
        IFeatureNetwork network, IEnumerable<LabelledImage> images, int batchSize = 250, IProgress<long>? progress = null,
        CancellationToken cancellation = default)
    {
        if (network.ClassCount == 0)
            throw new NvgDataException($"{network.Name} has no classes; use a classifier");
        var accuracy = new ClassAccuracy(network.ClassCount);
        foreach (LabelledImage[] batch in images.Chunk(batchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            int[] labels = Array.ConvertAll(batch, p => p.Label
                ?? throw NvgDataException.At(p.Name, "has no class", "use one folder per class, or an .npz with labels"));
            using Tensor bytes_NHWC = ImageTensor.ToBytes(Array.ConvertAll(batch, p => p.Image));
            using ImageFeatures features = network.Extract(bytes_NHWC);
            FeatureChecks.RequireFinite(features.Logits_NC!, accuracy.Count);
            accuracy.Add(features.Logits_NC!, labels);
            progress?.Report(accuracy.Count);
        }

        return accuracy.Count > 0 ? accuracy : throw new NvgDataException("there are no images to classify");
    }
}
