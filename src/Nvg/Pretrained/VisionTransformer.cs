using Nvg.Granularity.Construction;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Pretrained;

/// <summary>
/// A frozen vision transformer (ViT) of DINO or DINOv2, with the parameter names of their checkpoints. It serves as the backbone of
/// a discriminator, for representation alignment and for structure maps. Owns its parameters, which are not trained; gradients pass
/// to the images.
/// </summary>
/// <remarks>Shapes: N images, T tokens (class, registers, patches row by row), W width.</remarks>
public sealed class VisionTransformer : IPatchFeatures
{
    private const double Epsilon = 1e-6;

    // ImageNet statistics, with which all of these models were trained.
    private static readonly float[] ChannelMean = [0.485f, 0.456f, 0.406f], ChannelDeviation = [0.229f, 0.224f, 0.225f];

    private readonly ParameterStore _parameters = new();
    private readonly Tensor _scale;
    private readonly Tensor _shift;
    private readonly Conv2d _patches;
    private readonly Tensor _classToken;
    private readonly Tensor? _registers;
    private readonly Tensor _positions;
    private readonly VisionTransformerBlock[] _blocks;
    private readonly Tensor _normWeight;
    private readonly Tensor _normBias;

    /// <param name="source">Random or stored parameters.</param>
    /// <param name="config">Sizes.</param>
    /// <exception cref="ParameterException">A parameter is missing or has another shape.</exception>
    public VisionTransformer(ParameterSource source, VisionTransformerConfig config)
    {
        Config = config;
        var root = new ParameterPath(_parameters, source);
        try
        {
            // Maps images in [−1, 1] to ImageNet's normalisation of [0, 1].
            _scale = root.Buffer("x_scale", PerChannel(c => 0.5f / ChannelDeviation[c]));
            _shift = root.Buffer("x_shift", PerChannel(c => (0.5f - ChannelMean[c]) / ChannelDeviation[c]));
            _patches = new Conv2d(root / "patch_embed" / "proj", 3, config.Width, config.PatchSize, config.PatchSize);
            _classToken = root.Parameter("cls_token", [1, 1, config.Width], Initialization.Normal(0.02));
            _registers = config.RegisterCount == 0
                ? null
                : root.Parameter("register_tokens", [1, config.RegisterCount, config.Width], Initialization.Normal(0.02));
            int tableSize = 1 + config.TableSide * config.TableSide;
            _positions = root.Parameter("pos_embed", [1, tableSize, config.Width], Initialization.Normal(0.02));
            _blocks = [.. Enumerable.Range(0, config.Depth).Select(i => new VisionTransformerBlock(root / "blocks" / i, config))];
            _normWeight = (root / "norm").Parameter("weight", [config.Width], Initialization.Ones);
            _normBias = (root / "norm").Parameter("bias", [config.Width], Initialization.Zeros);
        }
        catch
        {
            _parameters.Dispose();
            throw;
        }
    }

    /// <summary>Sizes.</summary>
    public VisionTransformerConfig Config { get; }

    /// <summary>All parameters.</summary>
    public IReadOnlyDictionary<string, Tensor> Parameters => _parameters;

    /// <summary>Hash of the weights.</summary>
    public string Fingerprint => ParameterFingerprint.Of(_parameters);

    /// <summary>Loads a checkpoint of DINO or DINOv2. Sizes are inferred from its shapes; unrelated entries are ignored.</summary>
    /// <param name="path">A PyTorch or safetensors file.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="approximateGelu">See <see cref="VisionTransformerConfig.ApproximateGelu"/>.</param>
    /// <exception cref="NvgDataException">The file is missing or damaged, or holds another network.</exception>
    public static VisionTransformer Load(string path, Device device = default, bool approximateGelu = false) =>
        WeightFile.Read(path, tensors => new VisionTransformer(
            ParameterSource.From(tensors, device: device, type: ScalarType.Float32),
            VisionTransformerConfig.Of(tensors) with { ApproximateGelu = approximateGelu }));

    /// <summary>Loads a checkpoint as a source of patch features; for <see cref="StructureStrategyConfig.Create"/>.</summary>
    /// <param name="path">A PyTorch or safetensors file.</param>
    /// <param name="device">Where to compute.</param>
    /// <exception cref="NvgDataException">The file is missing or damaged, or holds another network.</exception>
    public static IPatchFeatures LoadFeatures(string path, Device device) => Load(path, device);

    /// <summary>Normalises images in [−1, 1] with ImageNet's statistics.</summary>
    public Tensor Normalize(Tensor images_NCHW)
    {
        using var scope = new TensorScope();
        return scope.Keep(images_NCHW.To(ScalarType.Float32) * _scale + _shift);
    }

    /// <summary>The tokens before the first block.</summary>
    /// <param name="normalized_NCHW">From <see cref="Normalize"/>; the sides are multiples of the patch size.</param>
    /// <returns>N × T × W.</returns>
    public Tensor Embed(Tensor normalized_NCHW)
    {
        using var scope = new TensorScope();
        long count = normalized_NCHW.Size(0);
        Tensor map_NWHW = _patches.Forward(normalized_NCHW).To(ScalarType.Float32);
        Tensor patches_NTW = map_NWHW.Reshape(count, Config.Width, -1).Transpose(1, 2);
        Tensor[] table = Positions(map_NWHW.Size(2), map_NWHW.Size(3));
        Tensor class_N1W = (_classToken + table[0]).Expand(count, -1, -1);
        Tensor placed_NTW = patches_NTW + table[1];
        return scope.Keep(_registers is null
            ? Tensor.Cat([class_N1W, placed_NTW], 1)
            : Tensor.Cat([class_N1W, _registers.Expand(count, -1, -1), placed_NTW], 1));
    }

    /// <summary>Runs one block.</summary>
    /// <param name="index">Zero-based index of the block.</param>
    /// <param name="tokens_NTW">From <see cref="Embed"/> or the previous block.</param>
    /// <returns>N × T × W.</returns>
    public Tensor Block(int index, Tensor tokens_NTW) => _blocks[index].Forward(tokens_NTW);

    /// <summary>The patch tokens after the last block and the final norm. Images are resized bicubically to the grid of patches.</summary>
    /// <inheritdoc/>
    public Tensor PatchFeatures(Tensor images_NCHW, int rows, int columns)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        // Normalised before resizing, and resized without antialiasing, as in the published representation alignment.
        Tensor x = Embed(Functional.ResizeBicubic(Normalize(images_NCHW), (long)rows * Config.PatchSize, (long)columns * Config.PatchSize));
        for (int i = 0; i < _blocks.Length; i++)
        {
            using Tensor before = x;
            x = Block(i, before);
        }

        Tensor normal_NTW = Functional.LayerNorm(x, _normWeight, _normBias, Epsilon);
        return scope.Keep(normal_NTW.Narrow(1, 1 + Config.RegisterCount, (long)rows * columns));
    }

    /// <inheritdoc/>
    public void Dispose() => _parameters.Dispose();

    // The class entry and the patch entries, which are resampled if the grid differs from the stored one.
    private Tensor[] Positions(long rows, long columns)
    {
        int side = Config.TableSide;
        Tensor[] parts = _positions.Split(1, 1, (long)side * side);
        if (rows == side && columns == side)
            return parts;
        using var scope = new TensorScope();
        Tensor map_1WHW = parts[1].Reshape(1, side, side, Config.Width).Permute(0, 3, 1, 2);
        Tensor resized_1WHW = Functional.ResizeBicubic(map_1WHW, rows, columns, smooth: true);
        parts[1] = scope.Keep(resized_1WHW.Reshape(1, Config.Width, -1).Transpose(1, 2));
        return parts;
    }

    private static Tensor PerChannel(Func<int, float> value) =>
        Tensor.From([.. Enumerable.Range(0, 3).Select(value)], 1, 3, 1, 1);
}
