using Nvg.Pretrained;
using Nvg.Torch;

namespace Nvg.Granularity.Construction;

/// <summary>Greedy clustering over the patch features of a vision transformer, one patch for each latent position.</summary>
/// <param name="weights">Its file; read when the first image comes.</param>
internal sealed class FeatureStrategy(string weights) : IStructureStrategy
{
    private readonly Lock _gate = new();
    private VisionTransformer? _network;

    public Tensor Build(Tensor points_BLC, Tensor images_BCHW, LatentGrid grid)
    {
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        Tensor features_BLC = Network(images_BCHW.Device).PatchFeatures(images_BCHW, grid.Height, grid.Width);
        return scope.Keep(StructureConstruction.Build(features_BLC));
    }

    public void Dispose() => _network?.Dispose();

    private VisionTransformer Network(Device device)
    {
        lock (_gate)
            return _network ??= VisionTransformer.Load(weights, device);
    }
}
