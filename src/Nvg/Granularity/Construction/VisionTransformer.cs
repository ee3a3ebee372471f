using Nvg.Torch;

namespace Nvg.Granularity.Construction;

/// <summary>
/// A plain vision transformer (ViT) whose weights carry the usual names (<c>patch_embed.proj</c>, <c>blocks.0.attn.qkv</c>, …), such as DINO's,
/// DINOv2's and timm's. Sizes follow from the weights; heads are 64 wide. Owns its tensors.
/// </summary>
/// <remarks>Shapes: B pictures, T tokens, W width.</remarks>
internal sealed class VisionTransformer : IDisposable
{
    private const int HeadSize = 64;
    private const double Epsilon = 1e-6;

    private static readonly Operator GeluOp = new("aten::gelu");
    private static readonly Operator BicubicOp = new("aten::upsample_bicubic2d");
    private static readonly Operator AreaOp = new("aten::_adaptive_avg_pool2d");
    private static readonly Operator BilinearOp = new("aten::upsample_bilinear2d");
    private static readonly float[] Mean = [0.485f, 0.456f, 0.406f], Deviation = [0.229f, 0.224f, 0.225f];

    private readonly Dictionary<string, Tensor> _weights;
    private string _gelu = "none";
    private readonly int _blocks, _patch, _side;

    private VisionTransformer(Dictionary<string, Tensor> weights)
    {
        _weights = weights;
        _blocks = Enumerable.Range(0, int.MaxValue).TakeWhile(i => weights.ContainsKey($"blocks.{i}.attn.qkv.weight")).Count();
        _patch = (int)weights["patch_embed.proj.weight"].Size(2);
        _side = (int)Math.Round(Math.Sqrt(weights["pos_embed"].Size(1) - 1));
    }

    /// <summary>Whether the activation is the tanh approximation, as some copies compute it, rather than the exact function of DINO and timm.</summary>
    internal bool ApproximateGelu { set => _gelu = value ? "tanh" : "none"; }

    /// <summary>Number of blocks.</summary>
    internal int Depth => _blocks;

    /// <summary>Reads weights: safetensors or PyTorch, with or without a prefix before the names.</summary>
    /// <exception cref="NvgDataException">The file is missing, damaged, or no such transformer.</exception>
    internal static VisionTransformer Load(string path, Device device = default)
    {
        try
        {
            using TensorFile file = TensorFile.Open(path);
            const string mark = "patch_embed.proj.weight";
            string name = file.Keys.FirstOrDefault(k => k == mark || k.EndsWith("." + mark, StringComparison.Ordinal))
                ?? throw NvgDataException.At(path, $"is no vision transformer: it has no '{mark}'");
            string prefix = name[..^mark.Length];
            var weights = new Dictionary<string, Tensor>();
            foreach (string key in file.Keys.Where(k => k.StartsWith(prefix, StringComparison.Ordinal) && file[k].ScalarType.IsFloatingPoint()))
            {
                using Tensor placed = file[key].To(device, ScalarType.Float32);
                weights[key[prefix.Length..]] = placed.Clone().Own();
            }

            return Check(path, weights);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new NvgDataException($"{path} does not exist", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw NvgDataException.At(path, $"cannot be read: {error.Message}", innerException: error);
        }
        catch (TensorFileException error)
        {
            throw new NvgDataException(error.Message, error);
        }
    }

    /// <summary>The normalised patch features of pictures on another grid.</summary>
    /// <param name="images_BCHW">In [−1, 1].</param>
    /// <param name="height">Rows of the result.</param>
    /// <param name="width">Columns of the result.</param>
    /// <returns>B × (height · width) × W: averages where the grid is coarser than the patches, bilinear where it is finer.</returns>
    internal Tensor Features(Tensor images_BCHW, int height, int width)
    {
        using var scope = new TensorScope();
        Tensor tokens_BTW = Norm(Tokens(images_BCHW, _blocks), "norm");
        long extra = tokens_BTW.Size(1) - (long)_side * _side;
        Tensor patches_BWHW = tokens_BTW.Narrow(1, extra, (long)_side * _side).Transpose(1, 2).Reshape(tokens_BTW.Size(0), tokens_BTW.Size(2), _side, _side);
        Tensor placed = height <= _side && width <= _side
            ? AreaOp.Call(patches_BWHW, new long[] { height, width })
            : BilinearOp.Call(patches_BWHW, new long[] { height, width }, false, Argument.None, Argument.None);
        return scope.Keep(placed.Reshape(tokens_BTW.Size(0), tokens_BTW.Size(2), -1).Transpose(1, 2).Contiguous());
    }

    /// <summary>Tokens after a number of blocks: class token, registers where there are some, patches.</summary>
    /// <param name="images_BCHW">In [−1, 1].</param>
    /// <param name="blocks">0 for the embedding.</param>
    internal Tensor Tokens(Tensor images_BCHW, int blocks)
    {
        using var scope = new TensorScope();
        long side = (long)_side * _patch;
        Tensor resized = BicubicOp.Call(images_BCHW.To(ScalarType.Float32), new long[] { side, side }, false, Argument.None, Argument.None);
        Tensor mean = Tensor.From(Mean, 1, 3, 1, 1).To(resized.Device), deviation = Tensor.From(Deviation, 1, 3, 1, 1).To(resized.Device);
        Tensor input = (resized * 0.5 + 0.5 - mean) / deviation;
        Tensor embedded = Functional.Conv2d(input, _weights["patch_embed.proj.weight"], _weights.GetValueOrDefault("patch_embed.proj.bias"), stride: _patch);
        Tensor patches_BTW = embedded.Reshape(embedded.Size(0), embedded.Size(1), -1).Transpose(1, 2);
        Tensor class_B1W = _weights["cls_token"].Expand(embedded.Size(0), -1, -1);
        Tensor x = Tensor.Cat([class_B1W, patches_BTW], 1) + _weights["pos_embed"];
        if (_weights.TryGetValue("register_tokens", out Tensor? registers))
            x = Tensor.Cat([x.Narrow(1, 0, 1), registers.Expand(embedded.Size(0), -1, -1), x.Narrow(1, 1, x.Size(1) - 1)], 1);
        for (int i = 0; i < blocks; i++)
            x = Block(x, $"blocks.{i}.");
        return scope.Keep(x);
    }

    public void Dispose()
    {
        foreach (Tensor tensor in _weights.Values)
            tensor.Dispose();
    }

    private static VisionTransformer Check(string path, Dictionary<string, Tensor> weights)
    {
        string[] needed = ["cls_token", "pos_embed", "norm.weight", "norm.bias", "blocks.0.attn.qkv.weight", "blocks.0.mlp.fc1.weight"];
        string? missing = needed.FirstOrDefault(n => !weights.ContainsKey(n));
        long places = missing is null ? weights["pos_embed"].Size(1) - 1 : 0, side = (long)Math.Round(Math.Sqrt(places));
        string? problem = missing is not null ? $"is no vision transformer that is read: it has no '{missing}'"
            : side * side != places ? $"has a position table of {places + 1}, which is no square of patches and a class token"
            : weights["cls_token"].Size(-1) % HeadSize != 0 ? $"is {weights["cls_token"].Size(-1)} wide, which is no multiple of {HeadSize}" : null;
        if (problem is null)
            return new VisionTransformer(weights);
        foreach (Tensor tensor in weights.Values)
            tensor.Dispose();
        throw NvgDataException.At(path, problem);
    }

    private Tensor Block(Tensor x, string name)
    {
        using var scope = new TensorScope();
        Tensor attended = Scaled(Attention(Norm(x, name + "norm1"), name + "attn."), name + "ls1.gamma");
        Tensor middle = x + attended;
        Tensor hidden = GeluOp.Call(Linear(Norm(middle, name + "norm2"), name + "mlp.fc1"), _gelu);
        return scope.Keep(middle + Scaled(Linear(hidden, name + "mlp.fc2"), name + "ls2.gamma"));
    }

    private Tensor Attention(Tensor x, string name)
    {
        using var scope = new TensorScope();
        long batch = x.Size(0), tokens = x.Size(1), width = x.Size(2);
        Tensor qkv = Linear(x, name + "qkv").Reshape(batch, tokens, 3, width / HeadSize, HeadSize).Permute(2, 0, 3, 1, 4);
        Tensor result = Functional.ScaledDotProductAttention(qkv.Select(0, 0), qkv.Select(0, 1), qkv.Select(0, 2));
        return scope.Keep(Linear(result.Transpose(1, 2).Reshape(batch, tokens, width), name + "proj"));
    }

    private Tensor Norm(Tensor x, string name) => Functional.LayerNorm(x, Epsilon) * _weights[name + ".weight"] + _weights[name + ".bias"];

    private Tensor Linear(Tensor x, string name) => Functional.Linear(x, _weights[name + ".weight"], _weights.GetValueOrDefault(name + ".bias"));

    private Tensor Scaled(Tensor x, string name) => _weights.TryGetValue(name, out Tensor? scale) ? x * scale : x.Alias();
}
