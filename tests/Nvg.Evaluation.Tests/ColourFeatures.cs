using Nvg.Evaluation.Features;
using Nvg.Torch;

namespace Nvg.Evaluation.Tests;

/// <summary>A feature network that computes in microseconds: mean colours of the image and of its upper half.</summary>
internal sealed class ColourFeatures(
    string name = "colours", string fingerprint = "colours 1", double broken = 0, string? otherResize = null) : IFeatureNetwork
{
    public string Name => name;

    public string Fingerprint => fingerprint;

    public string Preprocessing => "none";

    public string? OtherResize => otherResize;

    public int FeatureSize => 3;

    public int SpatialFeatureSize => 3;

    public int ClassCount => 3;

    public ImageFeatures Extract(Tensor images_NHWC)
    {
        using var scope = new TensorScope();
        Tensor values = images_NHWC.To(ScalarType.Float32) / 255 + broken;
        Tensor whole = values.Mean([1, 2]), half = values.Narrow(1, 0, values.Size(1) / 2).Mean([1, 2]);
        return new ImageFeatures(scope.Keep(whole), scope.Keep(half), scope.Keep(whole * 8));
    }

    public void Dispose()
    {
    }
}
