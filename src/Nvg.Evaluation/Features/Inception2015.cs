using Nvg.Pretrained;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Evaluation.Features;

/// <summary>
/// Inception-2015, the network of FID, sFID, IS and KID: pooled features (2,048), the first seven channels of Mixed_6d at
/// each position (2,023), and logits of 1,008 classes without bias, as in the published evaluator. Weights have the names of the
/// PyTorch port (<c>pt_inception-2015-12-05</c>). Owns its parameters.
/// </summary>
public sealed class Inception2015 : IFeatureNetwork
{
    private const int Classes = 1008;

    // Entries of the weight file that are not used.
    private static readonly string[] Ignored = ["fc.bias", "num_batches_tracked"];

    private readonly ParameterStore _parameters = new();
    private readonly InceptionTrunk _trunk;
    private readonly Tensor _classifier;
    private readonly ImageResize _resize;
    private readonly Device _device;

    private Inception2015(ParameterStore stored, ParameterSource source, ImageResize resize)
    {
        (_resize, _device) = (resize, source.Device);
        var root = new ParameterPath(stored, source);
        try
        {
            _trunk = new InceptionTrunk(root, _parameters);
            long[] shape = [Classes, InceptionTrunk.FeatureSize];
            _classifier = (root / "fc").Parameter("weight", shape, Initialization.FanInUniform).To(ScalarType.Float32);
            _parameters.Add("fc.weight", _classifier);
        }
        catch
        {
            _parameters.Dispose();
            throw;
        }

        Fingerprint = $"{Name} {ParameterFingerprint.Of(_parameters)} {resize}";
    }

    /// <inheritdoc/>
    public string Name => PublishedProtocol.Network;

    /// <inheritdoc/>
    public string Fingerprint { get; }

    /// <inheritdoc/>
    public string Preprocessing => InceptionInput.Describe(_resize);

    /// <inheritdoc/>
    public string? OtherResize => _resize switch
    {
        ImageResize.TensorFlow1 => null,
        ImageResize.Clean => "clean",
        _ => "pytorch",
    };

    /// <inheritdoc/>
    public int FeatureSize => InceptionTrunk.FeatureSize;

    /// <inheritdoc/>
    public int SpatialFeatureSize => InceptionTrunk.SpatialChannels * InceptionTrunk.SpatialSide * InceptionTrunk.SpatialSide;

    /// <inheritdoc/>
    public int ClassCount => Classes;

    /// <summary>Reads the weights of a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="resize">How images are resized.</param>
    /// <param name="device">Where to compute.</param>
    /// <exception cref="NvgDataException">The file is missing, damaged, or belongs to another network.</exception>
    public static Inception2015 Load(string path, ImageResize resize = ImageResize.TensorFlow1, Device device = default) =>
        WeightFile.Read(path, tensors => From(tensors, path, resize, device));

    /// <summary>Builds the network from named tensors.</summary>
    /// <param name="tensors">The weights; borrowed, copied.</param>
    /// <param name="where">Name of the source in error messages.</param>
    /// <param name="resize">How images are resized.</param>
    /// <param name="device">Where to compute.</param>
    /// <exception cref="NvgDataException">The tensors belong to another network.</exception>
    public static Inception2015 From(
        IReadOnlyDictionary<string, Tensor> tensors, string where, ImageResize resize = ImageResize.TensorFlow1, Device device = default)
    {
        using var stored = new ParameterStore();
        try
        {
            var network = new Inception2015(stored, ParameterSource.From(tensors, device: device), resize);
            string? unexpected =
                tensors.Keys.FirstOrDefault(n => !stored.ContainsKey(n) && !Ignored.Any(end => n.EndsWith(end, StringComparison.Ordinal)));
            if (unexpected is null)
                return network;
            network.Dispose();
            throw new ParameterException($"unexpected parameter '{unexpected}'");
        }
        catch (ParameterException error)
        {
            throw NvgDataException.At(
                where, $"does not have the weights of Inception-2015: {error.Message}",
                "use pt_inception-2015-12-05-6726825d, not the weights of a common Inception v3", error);
        }
    }

    /// <inheritdoc/>
    public ImageFeatures Extract(Tensor images_NHWC)
    {
        if (images_NHWC.ScalarType != ScalarType.UInt8 || images_NHWC.Rank != 4 || images_NHWC.Size(3) != 3)
            throw new TorchArgumentException($"images must be UInt8[N, H, W, 3], not {images_NHWC}");
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        (Tensor pooled_NF, Tensor spatial_NS) = _trunk.Forward(InceptionInput.Prepare(images_NHWC.To(_device), _resize));
        Tensor logits_NC = pooled_NF.Matmul(_classifier.Transpose(0, 1));
        return new ImageFeatures(scope.Keep(pooled_NF), scope.Keep(spatial_NS), scope.Keep(logits_NC));
    }

    /// <inheritdoc/>
    public void Dispose() => _parameters.Dispose();
}
