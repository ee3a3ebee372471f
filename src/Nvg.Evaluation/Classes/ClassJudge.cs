using Nvg.Evaluation.Features;
using Nvg.Evaluation.Metrics;
using Nvg.Imaging;
using Nvg.Torch;

namespace Nvg.Evaluation.Classes;

/// <summary>Asks a feature network with classes what images show.</summary>
public static class ClassJudge
{
    /// <summary>Judges images batch by batch.</summary>
    /// <param name="network">A network with classes; borrowed.</param>
    /// <param name="images">Images of one size, each with a class.</param>
    /// <param name="batchSize">Images computed together; it changes nothing but the speed.</param>
    /// <param name="progress">Told the number of images after each batch, or null.</param>
    /// <param name="cancellation">Checked before every batch.</param>
    /// <exception cref="NvgDataException">An image has no class or does not suit the network, there is none, or a logit is not finite.</exception>
    public static ClassAccuracy Judge(
        IFeatureNetwork network, IEnumerable<LabelledImage> images, int batchSize = 250, IProgress<long>? progress = null, CancellationToken cancellation = default)
    {
        if (network.ClassCount == 0)
            throw new NvgDataException($"{network.Name} names no classes; use a classifier");
        var accuracy = new ClassAccuracy(network.ClassCount);
        foreach (LabelledImage[] batch in images.Chunk(batchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            int[] labels = Array.ConvertAll(batch, p => p.Label ?? throw NvgDataException.At(p.Name, "says of no class", "put images into a folder for each class, or labels into the .npz"));
            using Tensor bytes_NHWC = ImageTensor.ToBytes(Array.ConvertAll(batch, p => p.Image));
            using ImageFeatures features = network.Extract(bytes_NHWC);
            FeatureChecks.RequireFinite(features.Logits_NC!, accuracy.Count);
            accuracy.Add(features.Logits_NC!, labels);
            progress?.Report(accuracy.Count);
        }

        return accuracy.Count > 0 ? accuracy : throw new NvgDataException("there are no images to judge");
    }
}
