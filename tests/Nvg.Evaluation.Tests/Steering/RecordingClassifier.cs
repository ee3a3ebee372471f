using Nvg.Evaluation.Features;
using Nvg.Torch;

namespace Nvg.Evaluation.Tests.Steering;

/// <summary>Classifies by the sum of an image's bytes, and records the images.</summary>
internal sealed class RecordingClassifier : IFeatureNetwork
{
    private const int Classes = 3;

    public List<byte[]> Images { get; } = [];

    public string Name => "sums";

    public string Fingerprint => "sums 1";

    public string Preprocessing => "none";

    public string? OtherResize => null;

    public int FeatureSize => Classes;

    public int SpatialFeatureSize => 0;

    public int ClassCount => Classes;

    public static int ClassOf(byte[] image) => image.Sum(b => b) % Classes;

    public ImageFeatures Extract(Tensor images_NHWC)
    {
        byte[][] shown = [.. images_NHWC.ToArray<byte>().Chunk((int)(images_NHWC.ElementCount / images_NHWC.Size(0)))];
        Images.AddRange(shown);
        float[] logits = [.. shown.SelectMany(image => Enumerable.Range(0, Classes).Select(c => c == ClassOf(image) ? 1f : 0f))];
        return new ImageFeatures(Tensor.From(logits, shown.Length, Classes), Logits_NC: Tensor.From(logits, shown.Length, Classes));
    }

    public void Dispose()
    {
    }
}
