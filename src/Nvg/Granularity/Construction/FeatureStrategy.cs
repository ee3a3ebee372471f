using Nvg.Torch;

namespace Nvg.Granularity.Construction;

/// <summary>Greedy clustering over the patch features of a frozen network, one patch for each latent position.</summary>
/// <param name="load">Loads the network for a device; called at the first batch. The strategy owns the network.</param>
internal sealed class FeatureStrategy(Func<Device, IPatchFeatures> load) : IStructureStrategy
{
    private readonly Lock _gate = new();
    private IPatchFeatures? _network;

    public Tensor Build(Tensor points_BLC, Tensor images_BCHW, LatentGrid grid)
    {
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        Tensor features_BLC = Network(images_BCHW.Device).PatchFeatures(images_BCHW, grid.Height, grid.Width);
        return scope.Keep(StructureConstruction.Build(features_BLC));
    }

    public void Dispose() => _network?.Dispose();

    private IPatchFeatures Network(Device device)
    {
        lock (_gate)
            return _network ??= load(device);
    }
}
