using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Pretrained;

/// <summary>
/// A frozen ResNet-18 (He et al. 2016) trained on ImageNet, from the files of a NuGet package (<see cref="ResNet18Files"/>). It gives
/// 512 pooled features for evaluation, and feature maps after the first layer and after each stage for a perceptual loss. Owns its
/// parameters, which are not trained; gradients pass to the images.
/// </summary>
/// <remarks>
/// Unlike torchvision's network, this one pads strided layers by one more pixel at the top and the left than at the bottom and the
/// right, and takes channels in BGR order. Batch norms are folded into the convolutions.
/// </remarks>
public sealed class ResNet18 : IDisposable
{
    /// <summary>Side of the images that the network was trained on, in pixels.</summary>
    public const int Side = 224;

    /// <summary>Number of pooled features.</summary>
    public const int FeatureSize = 512;

    /// <summary>Blocks of each stage. The last stage has one more than in the published ResNet-18.</summary>
    internal static readonly int[] BlockCounts = [2, 2, 2, 3];

    private static readonly int[] StageWidths = [64, 128, 256, 512];

    private readonly ParameterStore _parameters = new();
    private readonly Tensor _mean_13HW;
    private readonly Tensor _channelMeans_1311;
    private readonly ResNet18Convolution _stem;
    private readonly ResNet18Block[][] _stages;

    private ResNet18(ParameterSource source, Tensor mean_13HW)
    {
        using var stored = new ParameterStore();
        var root = new ParameterPath(stored, source);
        try
        {
            _mean_13HW = AddBuffer("mean", mean_13HW.To(source.Device));
            _channelMeans_1311 = AddBuffer("channel_means", _mean_13HW.Mean([2, 3], keepDimension: true));
            _stem = new ResNet18Convolution(root, "conv1", "bn1", _parameters, new(3, StageWidths[0], Kernel: 7, Stride: 2));
            _stages = [.. StageWidths.Select((_, stage) => CreateStage(root, stage))];
        }
        catch
        {
            _parameters.Dispose();
            throw;
        }

        Fingerprint = $"ResNet-18 {ParameterFingerprint.Of(_parameters)}";
    }

    /// <summary>Name and hash of the weights.</summary>
    public string Fingerprint { get; }

    /// <summary>Loads the weights from the files of the package.</summary>
    /// <param name="files">The files.</param>
    /// <param name="device">Where to compute.</param>
    /// <exception cref="NvgDataException">A file is missing or damaged, or holds another network.</exception>
    public static ResNet18 Load(ResNet18Files files, Device device = default)
    {
        ArgumentNullException.ThrowIfNull(files);
        using Tensor mean_13HW = files.ReadMean();
        return files.Read(tensors =>
        {
            try
            {
                return new ResNet18(ParameterSource.From(tensors, device: device), mean_13HW);
            }
            catch (ParameterException error)
            {
                throw NvgDataException.At(files.Network, $"does not hold the weights of ResNet-18: {error.Message}", innerException: error);
            }
        });
    }

    /// <summary>
    /// Converts images to the network's input range: BGR from 0 to 255, minus the mean image (224 × 224 pixels) or the mean colour (other
    /// sizes).
    /// </summary>
    /// <param name="images_NCHW">N × 3 × H × W in [−1, 1], RGB; borrowed.</param>
    /// <returns>N × 3 × H × W.</returns>
    public Tensor Normalize(Tensor images_NCHW)
    {
        using var scope = new TensorScope();
        Tensor bytes_NCHW = (images_NCHW.To(ScalarType.Float32).Flip(1) + 1.0) * 127.5;
        bool hasTrainedSize = images_NCHW.Size(2) == Side && images_NCHW.Size(3) == Side;
        return scope.Keep(bytes_NCHW - (hasTrainedSize ? _mean_13HW : _channelMeans_1311));
    }

    /// <summary>
    /// The feature maps after the first layer (64 channels, half the side of the images) and after each stage (a quarter of the side, then
    /// half of the stage before).
    /// </summary>
    /// <param name="normalized_NCHW">From <see cref="Normalize"/>; the sides are multiples of 4.</param>
    /// <param name="stages">Number of stages to compute, at most 4.</param>
    /// <returns>1 + <paramref name="stages"/> maps, which belong to the caller's scope.</returns>
    public Tensor[] Features(Tensor normalized_NCHW, int stages = 4)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(stages, _stages.Length);
        var maps = new Tensor[1 + stages];
        Tensor stem_NCHW = maps[0] = Functional.Relu(_stem.Forward(normalized_NCHW.ChannelsLast()));
        // Values are non-negative after a ReLU, so padding with zeros does not change a maximum.
        Tensor current = Functional.MaxPool(Functional.PadZeros(stem_NCHW, 1, 0, 1, 0), 3, stride: 2);
        for (int i = 0; i < stages; i++)
            maps[i + 1] = current = _stages[i].Aggregate(current, (x, block) => block.Forward(x));
        return maps;
    }

    /// <summary>The last feature map averaged over its positions.</summary>
    /// <param name="images_NCHW">
    /// N × 3 × 224 × 224 in [−1, 1], RGB. Other sizes are accepted, but the features then differ from those of the package's network.
    /// </param>
    /// <returns>N × 512.</returns>
    public Tensor Pooled(Tensor images_NCHW)
    {
        using var scope = new TensorScope();
        return scope.Keep(Features(Normalize(images_NCHW))[^1].To(ScalarType.Float32).Mean([2, 3]));
    }

    /// <inheritdoc/>
    public void Dispose() => _parameters.Dispose();

    private ResNet18Block[] CreateStage(ParameterPath root, int stage)
    {
        string name = $"layer{stage + 1}";
        int width = StageWidths[stage], inputWidth = StageWidths[Math.Max(0, stage - 1)];
        return [.. Enumerable.Range(0, BlockCounts[stage]).Select(block =>
            new ResNet18Block(root / name / block, $"{name}.{block}", _parameters, block == 0 ? inputWidth : width, width))];
    }

    private Tensor AddBuffer(string name, Tensor tensor)
    {
        _parameters.Add(name, tensor, isBuffer: true);
        return tensor;
    }
}
