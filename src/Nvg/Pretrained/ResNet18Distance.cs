using Nvg.Torch;

namespace Nvg.Pretrained;

/// <summary>
/// A perceptual distance like LPIPS, but without learned weights: the features of <see cref="ResNet18"/> are normalised to
/// unit length at every location; their squared differences are summed over channels and averaged over locations and layers. Its values
/// are not comparable with LPIPS.
/// </summary>
public sealed class ResNet18Distance : IPerceptualDistance
{
    // The last stage is omitted, because it has three quarters of the parameters and only 2 × 2 locations for an image of 64 × 64 pixels.
    private const int Stages = 3;

    // Added to lengths before division.
    private const double Epsilon = 1e-10;

    // Lower bound of squared lengths, because the square root has no gradient at zero. Far below the square of Epsilon.
    private const double LeastSquare = 1e-30;

    private readonly ResNet18 _network;

    private ResNet18Distance(ResNet18 network) => _network = network;

    /// <inheritdoc/>
    public string Name => "feature distance (ResNet-18)";

    /// <inheritdoc/>
    public string Fingerprint => $"{Name} {Stages} {_network.Fingerprint}";

    /// <summary>Loads the network.</summary>
    /// <param name="folder">The folder, as for <see cref="ResNet18Files.Locate"/>.</param>
    /// <param name="device">Where to compute.</param>
    /// <exception cref="NvgDataException">The files are missing or damaged.</exception>
    public static ResNet18Distance Load(string? folder = null, Device device = default) =>
        new(ResNet18.Load(ResNet18Files.Locate(folder), device));

    /// <inheritdoc/>
    public Tensor Forward(Tensor images_NCHW, Tensor originals_NCHW)
    {
        using var scope = new TensorScope();
        Tensor[] first = _network.Features(_network.Normalize(images_NCHW), Stages);
        Tensor[] second = _network.Features(_network.Normalize(originals_NCHW), Stages);
        Tensor? sum_N = null;
        for (int i = 0; i < first.Length; i++)
        {
            Tensor layer_N = (Normalized(first[i]) - Normalized(second[i])).Square().Sum(1).Mean([1, 2]);
            sum_N = sum_N is null ? layer_N : sum_N + layer_N;
        }

        return scope.Keep(sum_N! / first.Length);
    }

    /// <inheritdoc/>
    public void Dispose() => _network.Dispose();

    // Under autocast the features are bfloat16, which is too coarse for sums over hundreds of channels.
    private static Tensor Normalized(Tensor features)
    {
        Tensor features_NCHW = features.To(ScalarType.Float32);
        return features_NCHW / (features_NCHW.Square().Sum(1, keepDimension: true).Clamp(LeastSquare, null).Sqrt() + Epsilon);
    }
}
