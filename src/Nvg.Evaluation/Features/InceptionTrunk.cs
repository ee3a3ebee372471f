using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Evaluation.Features;

/// <summary>
/// The layers of Inception-2015 (Szegedy et al. 2015, as in the graph published for FID), with the names of the PyTorch port
/// of its weights. Differences from the common Inception v3: 3 × 3 average pooling does not count the padding, and the last
/// block uses max pooling there.
/// </summary>
/// <remarks>Batch norm is folded into the convolutions.</remarks>
internal sealed class InceptionTrunk
{
    internal const int FeatureSize = 2048;

    // 7 channels of 17 × 17.
    internal const int SpatialChannels = 7, SpatialSide = 17;

    private const double BatchNormEpsilon = 1e-3;

    private static readonly Operator Conv2dOp = new("aten::conv2d");
    private static readonly Operator ReluOp = new("aten::relu_");
    private static readonly Operator AveragePoolOp = new("aten::avg_pool2d");

    private readonly ParameterPath _stored;
    private readonly ParameterStore _folded;
    private readonly Layer _upTo6d;
    private readonly Layer _rest;

    /// <param name="stored">Source of the published tensors.</param>
    /// <param name="folded">Receives and owns the folded weights.</param>
    internal InceptionTrunk(ParameterPath stored, ParameterStore folded)
    {
        (_stored, _folded) = (stored, folded);
        _upTo6d = Chain(
            Unit("Conv2d_1a_3x3", 3, 32, 3, stride: 2), Unit("Conv2d_2a_3x3", 32, 32, 3), Unit("Conv2d_2b_3x3", 32, 64, 3, padding: 1),
            MaxPool,
            Unit("Conv2d_3b_1x1", 64, 80), Unit("Conv2d_4a_3x3", 80, 192, 3), MaxPool,
            BlockA("Mixed_5b", 192, 32), BlockA("Mixed_5c", 256, 64), BlockA("Mixed_5d", 288, 64), BlockB("Mixed_6a", 288),
            BlockC("Mixed_6b", 128), BlockC("Mixed_6c", 160), BlockC("Mixed_6d", 160));
        _rest = Chain(BlockC("Mixed_6e", 192), BlockD("Mixed_7a", 768), BlockE("Mixed_7b", 1280, AverageAround),
            BlockE("Mixed_7c", 2048, MaxAround));
    }

    private delegate Tensor Layer(Tensor input_NCHW);

    /// <summary>
    /// Maps N × 3 × 299 × 299 to pooled features, N × 2048, and the first channels after Mixed_6d at each position, N × 2023.
    /// </summary>
    internal (Tensor Pooled_NF, Tensor Spatial_NS) Forward(Tensor input_NCHW)
    {
        using var scope = new TensorScope();
        Tensor middle_NCHW = _upTo6d(input_NCHW);
        Tensor spatial_NS = middle_NCHW.Narrow(1, 0, SpatialChannels).Permute(0, 2, 3, 1).Reshape(input_NCHW.Size(0), -1);
        Tensor pooled_NF = _rest(middle_NCHW).Mean([2, 3]);
        return (scope.Keep(pooled_NF), scope.Keep(spatial_NS));
    }

    private Layer BlockA(string name, int channels, int poolChannels) => Join(
        Unit($"{name}.branch1x1", channels, 64),
        Chain(Unit($"{name}.branch5x5_1", channels, 48), Unit($"{name}.branch5x5_2", 48, 64, 5, padding: 2)),
        Chain(
            Unit($"{name}.branch3x3dbl_1", channels, 64), Unit($"{name}.branch3x3dbl_2", 64, 96, 3, padding: 1),
            Unit($"{name}.branch3x3dbl_3", 96, 96, 3, padding: 1)),
        Chain(AverageAround, Unit($"{name}.branch_pool", channels, poolChannels)));

    private Layer BlockB(string name, int channels) => Join(
        Unit($"{name}.branch3x3", channels, 384, 3, stride: 2),
        Chain(
            Unit($"{name}.branch3x3dbl_1", channels, 64), Unit($"{name}.branch3x3dbl_2", 64, 96, 3, padding: 1),
            Unit($"{name}.branch3x3dbl_3", 96, 96, 3, stride: 2)),
        MaxPool);

    private Layer BlockC(string name, int inner) => Join(
        Unit($"{name}.branch1x1", 768, 192),
        Chain(Unit($"{name}.branch7x7_1", 768, inner), Row($"{name}.branch7x7_2", inner, inner, 7),
            Column($"{name}.branch7x7_3", inner, 192, 7)),
        Chain(
            Unit($"{name}.branch7x7dbl_1", 768, inner), Column($"{name}.branch7x7dbl_2", inner, inner, 7),
            Row($"{name}.branch7x7dbl_3", inner, inner, 7),
            Column($"{name}.branch7x7dbl_4", inner, inner, 7), Row($"{name}.branch7x7dbl_5", inner, 192, 7)),
        Chain(AverageAround, Unit($"{name}.branch_pool", 768, 192)));

    private Layer BlockD(string name, int channels) => Join(
        Chain(Unit($"{name}.branch3x3_1", channels, 192), Unit($"{name}.branch3x3_2", 192, 320, 3, stride: 2)),
        Chain(
            Unit($"{name}.branch7x7x3_1", channels, 192), Row($"{name}.branch7x7x3_2", 192, 192, 7),
            Column($"{name}.branch7x7x3_3", 192, 192, 7),
            Unit($"{name}.branch7x7x3_4", 192, 192, 3, stride: 2)),
        MaxPool);

    private Layer BlockE(string name, int channels, Layer pool) => Join(
        Unit($"{name}.branch1x1", channels, 320),
        Chain(
            Unit($"{name}.branch3x3_1", channels, 384),
            Join(Row($"{name}.branch3x3_2a", 384, 384, 3), Column($"{name}.branch3x3_2b", 384, 384, 3))),
        Chain(
            Unit($"{name}.branch3x3dbl_1", channels, 448), Unit($"{name}.branch3x3dbl_2", 448, 384, 3, padding: 1),
            Join(Row($"{name}.branch3x3dbl_3a", 384, 384, 3), Column($"{name}.branch3x3dbl_3b", 384, 384, 3))),
        Chain(pool, Unit($"{name}.branch_pool", channels, 192)));

    private Layer Unit(string name, int input, int output, int kernel = 1, int stride = 1, int padding = 0) =>
        Convolution(name, input, output, [kernel, kernel], stride, [padding, padding]);

    private Layer Row(string name, int input, int output, int kernel) => Convolution(name, input, output, [1, kernel], 1, [0, kernel / 2]);

    private Layer Column(string name, int input, int output, int kernel) =>
        Convolution(name, input, output, [kernel, 1], 1, [kernel / 2, 0]);

    private Layer Convolution(string name, int input, int output, long[] kernel, int stride, long[] padding)
    {
        (Tensor weight, Tensor bias) = Fold(name.Split('.').Aggregate(_stored, (path, part) => path / part), input, output, kernel);
        _folded.Add($"{name}.weight", weight);
        _folded.Add($"{name}.bias", bias);
        long[] strides = [stride, stride];
        return x =>
        {
            Tensor convolved = Conv2dOp.Call(x, weight, bias, strides, padding);
            ReluOp.Run(convolved);
            return convolved;
        };
    }

    private static (Tensor Weight, Tensor Bias) Fold(ParameterPath unit, int input, int output, long[] kernel)
    {
        using var scope = new TensorScope();
        Tensor weight = (unit / "conv").Parameter("weight", [output, input, .. kernel], Initialization.FanInUniform).To(ScalarType.Float64);
        ParameterPath norm = unit / "bn";
        Tensor scale = norm.Parameter("weight", [output], Initialization.Ones).To(ScalarType.Float64);
        Tensor shift = norm.Parameter("bias", [output], Initialization.Zeros).To(ScalarType.Float64);
        Tensor mean = norm.MeasuredBuffer("running_mean", [output], Initialization.Zeros).To(ScalarType.Float64);
        Tensor variance = norm.MeasuredBuffer("running_var", [output], Initialization.Ones).To(ScalarType.Float64);
        Tensor factor = scale * (variance + BatchNormEpsilon).Rsqrt();
        Tensor foldedWeight =
            (weight * factor.Reshape(-1, 1, 1, 1)).To(ScalarType.Float32), foldedBias = (shift - mean * factor).To(ScalarType.Float32);
        return (scope.Keep(foldedWeight), scope.Keep(foldedBias));
    }

    private static Layer Chain(params Layer[] layers) => input =>
    {
        Tensor current = layers[0](input);
        foreach (Layer layer in layers.Skip(1))
        {
            Tensor next = layer(current);
            current.Dispose();
            current = next;
        }

        return current;
    };

    private static Layer Join(params Layer[] branches) => input =>
    {
        using var scope = new TensorScope();
        return scope.Keep(Tensor.Cat([.. branches.Select(branch => branch(input))], 1));
    };

    private static Tensor MaxPool(Tensor x) => Functional.MaxPool(x, 3, stride: 2);

    private static Tensor MaxAround(Tensor x) => Functional.MaxPool(x, 3, stride: 1, padding: 1);

    private static Tensor AverageAround(Tensor x) =>
        AveragePoolOp.Call(x, new long[] { 3, 3 }, new long[] { 1, 1 }, new long[] { 1, 1 }, false, false);
}
