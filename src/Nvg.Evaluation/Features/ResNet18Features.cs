using Nvg.Pretrained;
using Nvg.Torch;

namespace Nvg.Evaluation.Features;

/// <summary>
/// The 512 pooled features of <see cref="ResNet18"/>, whose weights are in a public NuGet package. Metrics are named after this network,
/// never FID.
/// </summary>
public sealed class ResNet18Features : IFeatureNetwork
{
    private readonly ResNet18 _network;
    private readonly Device _device;

    private ResNet18Features(ResNet18 network, Device device) => (_network, _device) = (network, device);

    /// <inheritdoc/>
    public string Name => "ResNet-18 (ImageNet)";

    /// <inheritdoc/>
    public string Fingerprint => $"{_network.Fingerprint} bicubic";

    /// <inheritdoc/>
    public string Preprocessing => $"antialiased bicubic to {ResNet18.Side} × {ResNet18.Side}, minus the mean image";

    /// <inheritdoc/>
    public string? OtherResize => null;

    /// <inheritdoc/>
    public int FeatureSize => ResNet18.FeatureSize;

    /// <inheritdoc/>
    public int SpatialFeatureSize => 0;

    /// <inheritdoc/>
    public int ClassCount => 0;

    /// <summary>Loads the network.</summary>
    /// <param name="folder">As in <see cref="ResNet18Files.Locate"/>.</param>
    /// <param name="device">Where to compute.</param>
    /// <exception cref="NvgDataException">The files are missing or damaged.</exception>
    public static ResNet18Features Load(string? folder = null, Device device = default) =>
        new(ResNet18.Load(ResNet18Files.Locate(folder), device), device);

    /// <inheritdoc/>
    public ImageFeatures Extract(Tensor images_NHWC)
    {
        if (images_NHWC.ScalarType != ScalarType.UInt8 || images_NHWC.Rank != 4 || images_NHWC.Size(3) != 3)
            throw new TorchArgumentException($"images must be UInt8[N, H, W, 3], not {images_NHWC}");
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        Tensor pixels_NCHW = images_NHWC.To(_device).Permute(0, 3, 1, 2).To(ScalarType.Float32).Contiguous();
        Tensor resized_NCHW = InceptionInput.Bicubic(pixels_NCHW, ResNet18.Side).Clamp(0, 255);
        return new ImageFeatures(scope.Keep(_network.Pooled(resized_NCHW / 127.5 - 1.0)));
    }

    /// <inheritdoc/>
    public void Dispose() => _network.Dispose();
}
