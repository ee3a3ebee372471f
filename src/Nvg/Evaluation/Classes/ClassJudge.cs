using Nvg.Data;
using Nvg.Evaluation.Distances;
using Nvg.Evaluation.Features;
using Nvg.Torch;

namespace Nvg.Evaluation.Classes;

/// <summary>Asks a feature network with classes what pictures show.</summary>
public static class ClassJudge
{
    /// <summary>Judges pictures batch by batch.</summary>
    /// <param name="network">A network with classes; borrowed.</param>
    /// <param name="pictures">Pictures of one size, each with a class.</param>
    /// <param name="batchSize">Pictures computed together; it changes nothing but the speed.</param>
    /// <param name="progress">Told the number of pictures after each batch, or null.</param>
    /// <param name="cancellation">Looked at before every batch.</param>
    /// <exception cref="NvgDataException">A picture has no class or does not suit the network, there is none, or a logit is not finite.</exception>
    public static ClassAccuracy Judge(
        IFeatureNetwork network, IEnumerable<LabelledPicture> pictures, int batchSize = 250, IProgress<long>? progress = null, CancellationToken cancellation = default)
    {
        if (network.ClassCount == 0)
            throw new NvgDataException($"{network.Name} names no classes; use a classifier");
        var accuracy = new ClassAccuracy(network.ClassCount);
        foreach (LabelledPicture[] batch in pictures.Chunk(batchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            int[] labels = Array.ConvertAll(batch, p => p.Label ?? throw NvgDataException.At(p.Name, "says of no class", "put pictures into a folder for each class, or labels into the .npz"));
            using Tensor bytes_NHWC = PictureBatch.ToBytes(Array.ConvertAll(batch, p => p.Picture));
            using PictureFeatures features = network.Extract(bytes_NHWC);
            FeatureChecks.RequireFinite(features.Logits_NC!, accuracy.Count);
            accuracy.Add(features.Logits_NC!, labels);
            progress?.Report(accuracy.Count);
        }

        return accuracy.Count > 0 ? accuracy : throw new NvgDataException("there are no pictures to judge");
    }
}
