using Nvg.Evaluation.Features;
using Nvg.Torch;

namespace Nvg.Tests.Evaluation.Control;

/// <summary>Judges by the sum of a picture's bytes, and remembers what it was shown.</summary>
internal sealed class RecordingJudge : IFeatureNetwork
{
    private const int Classes = 3;

    public List<byte[]> Pictures { get; } = [];

    public string Name => "sums";

    public string Fingerprint => "sums 1";

    public string Preprocessing => "none";

    public string? OtherResize => null;

    public int FeatureSize => Classes;

    public int SpatialFeatureSize => 0;

    public int ClassCount => Classes;

    public static int ClassOf(byte[] picture) => picture.Sum(b => b) % Classes;

    public PictureFeatures Extract(Tensor pictures_NHWC)
    {
        byte[][] shown = [.. pictures_NHWC.ToArray<byte>().Chunk((int)(pictures_NHWC.ElementCount / pictures_NHWC.Size(0)))];
        Pictures.AddRange(shown);
        float[] logits = [.. shown.SelectMany(picture => Enumerable.Range(0, Classes).Select(c => c == ClassOf(picture) ? 1f : 0f))];
        return new PictureFeatures(Tensor.From(logits, shown.Length, Classes), Logits_NC: Tensor.From(logits, shown.Length, Classes));
    }

    public void Dispose()
    {
    }
}
