using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Pretrained;

/// <summary>
/// Learned perceptual image distance (LPIPS, Zhang et al. 2018, version 0.1): the features of a frozen backbone are normalised to unit
/// length at every location; their squared differences are weighted per channel, averaged over locations and summed over layers.
/// Differentiable in the images, so it can also serve as a loss. Owns its parameters, which are not trained.
/// </summary>
public sealed class PerceptualDistance : IPerceptualDistance
{
    /// <summary>Side of the smallest images that every backbone can process.</summary>
    public const int SmallestSide = 32;

    // Added to lengths before division.
    private const double Epsilon = 1e-10;

    // Lower bound of squared lengths, because the square root has no gradient at zero. Far below the square of Epsilon.
    private const double LeastSquare = 1e-30;

    // Converts images in [−1, 1] to the normalisation of the backbones, using the values of the published package.
    private static readonly float[] Shift = [-0.030f, -0.088f, -0.188f], Scale = [0.458f, 0.448f, 0.450f];

    private readonly ParameterStore _parameters;
    private readonly BackboneLayers _layers;
    private readonly Tensor[] _weights;
    private readonly Tensor _shift;
    private readonly Tensor _scale;

    private PerceptualDistance(PerceptualBackbone backbone, ParameterStore parameters, BackboneLayers layers, ParameterSource linear)
    {
        (Backbone, _parameters, _layers) = (backbone, parameters, layers);
        var root = new ParameterPath(parameters, linear);
        _weights = [.. layers.Channels.Select((channels, i) =>
            (root / $"lin{i}" / "model" / 1).Parameter("weight", [1, channels, 1, 1], Initialization.Uniform(1)))];
        _shift = root.Buffer("scaling_layer.shift", Tensor.From(Shift, 1, 3, 1, 1));
        _scale = root.Buffer("scaling_layer.scale", Tensor.From(Scale, 1, 3, 1, 1));
    }

    /// <summary>The network whose features are compared.</summary>
    public PerceptualBackbone Backbone { get; }

    /// <summary>Name for reports. Distances of different backbones are not comparable.</summary>
    public string Name => Backbone switch
    {
        PerceptualBackbone.Vgg16 => "LPIPS (VGG16)",
        PerceptualBackbone.AlexNet => "LPIPS (AlexNet)",
        _ => "LPIPS (SqueezeNet)",
    };

    /// <summary>Name and hash of the weights.</summary>
    public string Fingerprint => $"{Name} {ParameterFingerprint.Of(_parameters)}";

    /// <summary>Loads the weights from files.</summary>
    /// <param name="backbone">The network.</param>
    /// <param name="backbonePath">Weights of the torchvision classifier; layers that are not compared are ignored.</param>
    /// <param name="linearPath">Channel weights of LPIPS.</param>
    /// <param name="device">Where to compute.</param>
    /// <exception cref="NvgDataException">A file is missing or damaged, or holds another network.</exception>
    public static PerceptualDistance Load(PerceptualBackbone backbone, string backbonePath, string linearPath, Device device = default)
    {
        var parameters = new ParameterStore();
        try
        {
            BackboneLayers layers = Read(backbonePath, source => new BackboneLayers(new ParameterPath(parameters, source), backbone));
            return Read(linearPath, source => new PerceptualDistance(backbone, parameters, layers, source));
        }
        catch
        {
            parameters.Dispose();
            throw;
        }

        // Loads one file at a time, so that an error names the right file.
        T Read<T>(string path, Func<ParameterSource, T> build) => WeightFile.Read(path, tensors =>
        {
            try
            {
                return build(ParameterSource.From(tensors, device: device, type: ScalarType.Float32));
            }
            catch (ParameterException error)
            {
                throw NvgDataException.At(path, $"does not hold the weights of {backbone}: {error.Message}", innerException: error);
            }
        });
    }

    /// <summary>Builds the distance from named weights.</summary>
    /// <param name="backbone">The network whose features are compared.</param>
    /// <param name="features">Parameters of the network, by torchvision name, such as <c>features.0.weight</c>.</param>
    /// <param name="linear">Channel weights, by LPIPS name, such as <c>lin0.model.1.weight</c>.</param>
    /// <exception cref="ParameterException">A parameter is missing or has another shape.</exception>
    public static PerceptualDistance From(PerceptualBackbone backbone, ParameterSource features, ParameterSource linear)
    {
        var parameters = new ParameterStore();
        return parameters.Build(features, root => new PerceptualDistance(backbone, parameters, new BackboneLayers(root, backbone), linear));
    }

    /// <summary>The distance of each pair of images.</summary>
    /// <param name="images_NCHW">N × 3 × H × W in [−1, 1]; borrowed.</param>
    /// <param name="originals_NCHW">The same shape; borrowed.</param>
    /// <returns>N distances, at least zero; gradients pass to both arguments.</returns>
    public Tensor Forward(Tensor images_NCHW, Tensor originals_NCHW)
    {
        using var scope = new TensorScope();
        Tensor[] first = _layers.Forward((images_NCHW - _shift) / _scale);
        Tensor[] second = _layers.Forward((originals_NCHW - _shift) / _scale);
        Tensor? sum_N = null;
        for (int i = 0; i < first.Length; i++)
        {
            Tensor difference_NCHW = (Normalized(first[i]) - Normalized(second[i])).Square();
            Tensor layer_N = (difference_NCHW * _weights[i]).Sum(1).Mean([1, 2]);
            sum_N = sum_N is null ? layer_N : sum_N + layer_N;
        }

        return scope.Keep(sum_N!);
    }

    /// <inheritdoc/>
    public void Dispose() => _parameters.Dispose();

    // Under autocast the features are bfloat16, which is too coarse for sums over hundreds of channels.
    private static Tensor Normalized(Tensor features)
    {
        Tensor features_NCHW = features.To(ScalarType.Float32);
        return features_NCHW / (features_NCHW.Square().Sum(1, keepDimension: true).Clamp(LeastSquare, null).Sqrt() + Epsilon);
    }
}
