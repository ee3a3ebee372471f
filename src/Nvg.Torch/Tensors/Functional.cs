namespace Nvg.Torch;

/// <summary>Stateless neural network operations. Names and defaults follow PyTorch.</summary>
public static class Functional
{
    private static readonly Operator LinearOp = new("aten::linear");
    private static readonly Operator Conv2dOp = new("nvg::conv2d");
    private static readonly Operator ComposedConv2dOp = new("aten::conv2d");
    private static readonly Operator EmbeddingOp = new("aten::embedding");
    private static readonly Operator LayerNormOp = new("aten::layer_norm");
    private static readonly Operator GroupNormOp = new("aten::group_norm");
    private static readonly Operator GroupNormSwishOp = new("nvg::group_norm_swish");
    private static readonly Operator BatchNormOp = new("aten::batch_norm");
    private static readonly Operator MaxPoolOp = new("aten::max_pool2d");
    private static readonly Operator GeluOp = new("aten::gelu");
    private static readonly Operator ReluOp = new("aten::relu");
    private static readonly Operator LeakyReluOp = new("aten::leaky_relu");
    private static readonly Operator SoftplusOp = new("aten::softplus");
    private static readonly Operator BicubicOp = new("aten::upsample_bicubic2d");
    private static readonly Operator BilinearOp = new("aten::upsample_bilinear2d");
    private static readonly Operator SmoothBicubicOp = new("aten::_upsample_bicubic2d_aa");
    private static readonly Operator AreaOp = new("aten::adaptive_avg_pool2d");
    private static readonly Operator SiluOp = new("aten::silu");
    private static readonly Operator SiluInPlaceOp = new("aten::silu_");
    private static readonly Operator CrossEntropyOp = new("aten::cross_entropy_loss");
    private static readonly Operator MseOp = new("aten::mse_loss");
    private static readonly Operator L1Op = new("aten::l1_loss");
    private static readonly Operator PadOp = new("aten::constant_pad_nd");
    private static readonly Operator NearestOp = new("aten::upsample_nearest2d");
    private static readonly Operator CosineOp = new("aten::cosine_similarity");
    private static readonly Operator AttentionOp = new("aten::scaled_dot_product_attention");

    /// <summary>x Wᵀ + b. Weight: out × in.</summary>
    public static Tensor Linear(Tensor input, Tensor weight, Tensor? bias) => LinearOp.Call(input, weight, bias);

    /// <summary>Two-dimensional convolution of N × C × H × W.</summary>
    /// <remarks>
    /// In bfloat16 on the CPU, gradients may be computed by a kernel of this library, which throws if second derivatives are requested.
    /// </remarks>
    public static Tensor Conv2d(Tensor input, Tensor weight, Tensor? bias, int stride = 1, int padding = 0)
    {
        if (TorchRuntime.HasKernels)
            return Conv2dOp.Call(input, weight, bias, stride, padding);
        return padding == 0 && weight.Size(2) == 1 && weight.Size(3) == 1
            ? PointConv2d(input, weight, bias, stride)
            : ComposedConv2dOp.Call(input, weight, bias, new long[] { stride, stride }, new long[] { padding, padding });
    }

    /// <summary>Looks up rows of a table.</summary>
    public static Tensor Embedding(Tensor weight, Tensor indices) => EmbeddingOp.Call(weight, indices);

    /// <summary>Normalisation over the last dimension, without learned scale and shift.</summary>
    public static Tensor LayerNorm(Tensor input, double epsilon) =>
        LayerNormOp.Call(input, new long[] { input.Size(-1) }, Argument.None, Argument.None, epsilon);

    /// <summary>Normalisation over the last dimension, with learned scale and shift.</summary>
    public static Tensor LayerNorm(Tensor input, Tensor weight, Tensor bias, double epsilon) =>
        LayerNormOp.Call(input, new long[] { input.Size(-1) }, weight, bias, epsilon);

    /// <summary>Normalisation over groups of channels of N × C × H × W.</summary>
    public static Tensor GroupNorm(Tensor input, int groups, Tensor weight, Tensor bias, double epsilon) =>
        GroupNormOp.Call(input, groups, weight, bias, epsilon);

    /// <summary>Group normalisation, then swish.</summary>
    /// <param name="input">N × C × H × W, float32 or bfloat16, in channels-last memory on the CPU.</param>
    /// <param name="groups">Groups of channels.</param>
    /// <param name="weight">Scale per channel.</param>
    /// <param name="bias">Shift per channel.</param>
    /// <param name="epsilon">Added to the variance under the square root.</param>
    /// <returns>The result, with the input's type and layout; sums are computed in float32 or wider.</returns>
    public static Tensor GroupNormSwish(Tensor input, int groups, Tensor weight, Tensor bias, double epsilon)
    {
        if (TorchRuntime.HasKernels)
            return GroupNormSwishOp.Call(input, weight, bias, groups, epsilon);
        Tensor normed = GroupNorm(input, groups, weight, bias, epsilon);
        SiluInPlace(normed);
        return normed;
    }

    /// <summary>Normalisation of every channel of N × C × H × W with stored statistics.</summary>
    public static Tensor BatchNorm(Tensor input, Tensor weight, Tensor bias, Tensor mean, Tensor variance, double epsilon) =>
        BatchNormOp.Call(input, weight, bias, mean, variance, false, 0.0, epsilon, false);

    /// <summary>Normalisation of every channel of N × C × H × W with the statistics of the batch.</summary>
    /// <param name="input">N × C × H × W.</param>
    /// <param name="weight">Scale of each channel.</param>
    /// <param name="bias">Shift of each channel.</param>
    /// <param name="epsilon">Keeps the quotient finite.</param>
    /// <param name="mean">Running mean, which moves towards the batch's mean; null for none.</param>
    /// <param name="variance">Running variance, which moves towards the batch's unbiased variance; null for none.</param>
    /// <param name="momentum">Interpolation factor for both running statistics.</param>
    public static Tensor BatchNormOfBatch(Tensor input, Tensor weight, Tensor bias, double epsilon, Tensor? mean = null,
        Tensor? variance = null, double momentum = 0) =>
        BatchNormOp.Call(input, weight, bias, mean, variance, true, momentum, epsilon, false);

    /// <summary>Max pooling of N × C × H × W over squares.</summary>
    /// <param name="input">N × C × H × W.</param>
    /// <param name="side">Side of the squares.</param>
    /// <param name="stride">Distance from one square to the next; null for squares that do not overlap.</param>
    /// <param name="padding">Width of the padding around the image; padded pixels are never the maximum.</param>
    /// <param name="ceiling">Whether the last square may extend beyond the edge.</param>
    public static Tensor MaxPool(Tensor input, int side, int? stride = null, int padding = 0, bool ceiling = false)
    {
        long step = stride ?? side;
        return MaxPoolOp.Call(input, new long[] { side, side }, new[] { step, step }, new long[] { padding, padding }, new long[] { 1, 1 },
            ceiling);
    }

    /// <summary>Gaussian error linear unit, in the tanh approximation.</summary>
    public static Tensor GeluTanh(Tensor input) => GeluOp.Call(input, "tanh");

    /// <summary>Gaussian error linear unit, exact.</summary>
    public static Tensor Gelu(Tensor input) => GeluOp.Call(input, "none");

    /// <summary>max(x, 0).</summary>
    public static Tensor Relu(Tensor input) => ReluOp.Call(input);

    /// <summary>x if positive, otherwise <paramref name="slope"/> · x.</summary>
    public static Tensor LeakyRelu(Tensor input, double slope) => LeakyReluOp.Call(input, slope);

    /// <summary>log(1 + exp(x)).</summary>
    public static Tensor Softplus(Tensor input) => SoftplusOp.Call(input);

    /// <summary>x · sigmoid(x), also called swish.</summary>
    public static Tensor Silu(Tensor input) => SiluOp.Call(input);

    /// <summary>The same, in place.</summary>
    public static void SiluInPlace(Tensor input) => SiluInPlaceOp.Run(input);

    /// <summary>Mean cross-entropy of logits (N × V) against class indices (N).</summary>
    /// <param name="logits">N × V.</param>
    /// <param name="targets">N.</param>
    /// <param name="smoothing">Share of the target that is spread evenly over all classes.</param>
    public static Tensor CrossEntropy(Tensor logits, Tensor targets, double smoothing = 0) =>
        smoothing == 0 ? CrossEntropyOp.Call(logits, targets) : CrossEntropyOp.Call(logits, targets, Argument.None, 1L, -100L, smoothing);

    /// <summary>Mean squared difference.</summary>
    public static Tensor MeanSquaredError(Tensor input, Tensor target) => MseOp.Call(input, target);

    /// <summary>Mean absolute difference.</summary>
    public static Tensor MeanAbsoluteError(Tensor input, Tensor target) => L1Op.Call(input, target);

    /// <summary>Zero padding of the last two dimensions.</summary>
    public static Tensor PadZeros(Tensor input, int left, int right, int top, int bottom) =>
        PadOp.Call(input, new long[] { left, right, top, bottom });

    /// <summary>Repeats each pixel of N × C × H × W <paramref name="factor"/> times in both directions.</summary>
    public static Tensor UpsampleNearest(Tensor input, int factor) =>
        NearestOp.Call(input, new long[] { input.Size(2) * factor, input.Size(3) * factor });

    /// <summary>Resizes N × C × H × W with bicubic interpolation and half-pixel centres.</summary>
    /// <param name="input">N × C × H × W.</param>
    /// <param name="height">Rows of the result.</param>
    /// <param name="width">Columns of the result.</param>
    /// <param name="smooth">Whether the kernel is widened when downsampling (antialiasing).</param>
    public static Tensor ResizeBicubic(Tensor input, long height, long width, bool smooth = false) =>
        (smooth ? SmoothBicubicOp : BicubicOp).Call(input, new long[] { height, width }, false, Argument.None, Argument.None);

    /// <summary>Resizes N × C × H × W with bilinear interpolation and half-pixel centres, without antialiasing.</summary>
    public static Tensor ResizeBilinear(Tensor input, long height, long width) =>
        BilinearOp.Call(input, new long[] { height, width }, false, Argument.None, Argument.None);

    /// <summary>Downsamples N × C × H × W: every output pixel is the mean of the pixels that it covers.</summary>
    public static Tensor ResizeArea(Tensor input, long height, long width) => AreaOp.Call(input, new long[] { height, width });

    /// <summary>Cosine of the angle between vectors along a dimension.</summary>
    public static Tensor CosineSimilarity(Tensor left, Tensor right, int dimension) => CosineOp.Call(left, right, dimension);

    /// <summary>softmax(q kᵀ / √d) v over (B, heads, tokens, d).</summary>
    /// <remarks>Uses libtorch's operator where a fused implementation exists (CUDA, 2.x), and the plain formula elsewhere.</remarks>
    public static Tensor ScaledDotProductAttention(Tensor query, Tensor key, Tensor value)
    {
        if (query.Device.Type == DeviceType.Cuda && AttentionOp.Exists)
            return AttentionOp.Call(query, key, value);
        // Scaling the query rather than the scores touches tokens × d instead of tokens × tokens numbers.
        using Tensor scaled = query * (1 / Math.Sqrt(query.Size(-1)));
        using Tensor keyTransposed = key.Transpose(-2, -1);
        using Tensor scores = scaled.Matmul(keyTransposed);
        using Tensor weights = scores.Softmax(-1);
        return weights.Matmul(value);
    }

    /// <summary>softmax(q kᵀ + mask) v over (B, heads, tokens, d); keys and values may have more tokens than the queries.</summary>
    /// <param name="query">B × heads × T × d, scaled by the caller.</param>
    /// <param name="key">B × heads × U × d.</param>
    /// <param name="value">B × heads × U × d.</param>
    /// <param name="mask">
    /// Added to the scores, broadcast over B and heads: −∞ where a query must not attend to a key; null for no mask.
    /// </param>
    public static Tensor UnscaledAttention(Tensor query, Tensor key, Tensor value, Tensor? mask = null)
    {
        using var scope = new TensorScope();
        if (query.Device.Type == DeviceType.Cuda && AttentionOp.Exists)
        {
            // The fused operator divides the scores by √d and expects a mask of the queries' type.
            Tensor scaled = query * Math.Sqrt(query.Size(-1));
            return scope.Keep(mask is null
                ? AttentionOp.Call(scaled, key, value)
                : AttentionOp.Call(scaled, key, value, mask.To(query.ScalarType)));
        }

        Tensor scores = query.Matmul(key.Transpose(-2, -1)).To(ScalarType.Float32);
        Tensor weights = (mask is null ? scores : scores + mask).Softmax(-1).To(value.ScalarType);
        return scope.Keep(weights.Matmul(value));
    }

    // Computed as a matrix product, for every layout, because oneDNN in libtorch 2.10 computes 1 × 1 convolutions incorrectly for 512
    // channels over 7 × 7 positions on some processors (AMD Zen 5).
    private static Tensor PointConv2d(Tensor input, Tensor weight, Tensor? bias, int stride)
    {
        using var scope = new TensorScope();
        Tensor kept_NCHW = stride == 1 ? input : input.Slice(2, 0, input.Size(2), stride).Slice(3, 0, input.Size(3), stride);
        Tensor weight_OC = weight.Reshape(weight.Size(0), weight.Size(1));
        return scope.Keep(Linear(kept_NCHW.Permute(0, 2, 3, 1), weight_OC, bias).Permute(0, 3, 1, 2));
    }
}
