using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Pretrained;

/// <summary>
/// Learned perceptual distance of images (LPIPS, Zhang et al. 2018, version 0.1): features of a frozen backbone, scaled
/// to unit length at every place, squared differences weighted by channel, averaged over places and added over layers.
/// Differentiable in the images, so that it also serves as a loss. Owns its parameters, which are not trained.
/// </summary>
public sealed class PerceptualDistance : IDisposable
{
    /// <summary>The side of the smallest images that every backbone's poolings leave something of.</summary>
    public const int SmallestSide = 32;

    /// <summary>Added to a length before it divides.</summary>
    private const double Epsilon = 1e-10;

    /// <summary>Squared lengths below count as this: far below ε², and the root of zero has no gradient.</summary>
    private const double LeastSquare = 1e-30;

    // What takes images in [−1, 1] to the backbones' normalisation, as the published package has it.
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
        _weights = [.. layers.Channels.Select((channels, i) => (root / $"lin{i}" / "model" / 1).Parameter("weight", [1, channels, 1, 1], Initialization.Uniform(1)))];
        _shift = root.Buffer("scaling_layer.shift", Tensor.From(Shift, 1, 3, 1, 1));
        _scale = root.Buffer("scaling_layer.scale", Tensor.From(Scale, 1, 3, 1, 1));
    }

    /// <summary>Which network's features are compared.</summary>
    public PerceptualBackbone Backbone { get; }

    /// <summary>What a report calls it; distances of different backbones cannot be compared.</summary>
    public string Name => $"LPIPS ({Backbone switch { PerceptualBackbone.Vgg16 => "VGG16", PerceptualBackbone.AlexNet => "AlexNet", _ => "SqueezeNet" }})";

    /// <summary>Tells weights apart.</summary>
    public string Fingerprint => $"{Name} {ParameterFingerprint.Of(_parameters)}";

    /// <summary>Reads the weights of files.</summary>
    /// <param name="backbone">Which network.</param>
    /// <param name="backbonePath">Weights of the classifier, torchvision's; layers that are not compared are ignored.</param>
    /// <param name="linearPath">Weights of the channels, LPIPS' own.</param>
    /// <param name="device">Where to compute.</param>
    /// <exception cref="NvgDataException">A file is missing, damaged, or of another network.</exception>
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

        // A file at a time, so that an error names the one at fault.
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

    /// <summary>Builds the distance of named weights.</summary>
    /// <param name="backbone">Which network's features are compared.</param>
    /// <param name="features">Gives its parameters by torchvision's names, <c>features.0.weight</c> and so on.</param>
    /// <param name="linear">Gives the weights of the channels by LPIPS' names, <c>lin0.model.1.weight</c> and so on.</param>
    /// <exception cref="ParameterException">A parameter is missing or of another shape.</exception>
    public static PerceptualDistance From(PerceptualBackbone backbone, ParameterSource features, ParameterSource linear)
    {
        var parameters = new ParameterStore();
        try
        {
            return new PerceptualDistance(backbone, parameters, new BackboneLayers(new ParameterPath(parameters, features), backbone), linear);
        }
        catch
        {
            parameters.Dispose();
            throw;
        }
    }

    /// <summary>The distance of each pair.</summary>
    /// <param name="images_NCHW">N × 3 × H × W in [−1, 1]; borrowed.</param>
    /// <param name="originals_NCHW">The same shape; borrowed.</param>
    /// <returns>N, at least zero; gradients pass to both arguments.</returns>
    public Tensor Forward(Tensor images_NCHW, Tensor originals_NCHW)
    {
        using var scope = new TensorScope();
        Tensor[] first = _layers.Forward((images_NCHW - _shift) / _scale), second = _layers.Forward((originals_NCHW - _shift) / _scale);
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

    // Under autocast the features come in bfloat16, whose sums over hundreds of channels would be too coarse.
    private static Tensor Normalized(Tensor features)
    {
        Tensor features_NCHW = features.To(ScalarType.Float32);
        return features_NCHW / (features_NCHW.Square().Sum(1, keepDimension: true).Clamp(LeastSquare, null).Sqrt() + Epsilon);
    }
}
