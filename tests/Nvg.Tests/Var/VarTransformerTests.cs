using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Var.Tokenizers;
using Nvg.Var.Transformers;

namespace Nvg.Tests.Var;

[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public class VarTransformerTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Next_ScaleAfterScale_GivesTheLogitsOfTeacherForcing(bool sharedModulation)
    {
        using var scope = new TensorScope();
        using VarTransformer transformer = TinyVar.Transformer(
            sizes: TinyVar.TransformerSizes with { SharedModulation = sharedModulation });
        using VarTokenizer tokenizer = TinyVar.Tokenizer();
        using TokenMaps tokens = Tokens(transformer.Scales, 2);
        using GradMode noGrad = Autograd.NoGrad();
        Tensor class_N = Tensor.From([1L, 3L], 2), input = tokenizer.Quantizer.TransformerInput(tokens);
        Tensor forced = transformer.Forward(class_N, input);
        using ScaleDecoding decoding = transformer.Begin(class_N);
        for (int i = 0; i < transformer.Scales.Count; i++)
        {
            (int start, int count) = (transformer.Scales.Start(i), transformer.Scales.TokenCount(i));
            Tensor logits = decoding.Next(i == 0 ? null : input.Narrow(1, start - 1, count));
            Assert.InRange((logits - forced.Narrow(1, start, count)).Abs().Max().Item(), 0, 1e-3);
        }
    }

    [Fact]
    public void Forward_LaterTokensChange_EarlierLogitsStay()
    {
        using var scope = new TensorScope();
        using VarTransformer transformer = TinyVar.Transformer();
        using GradMode noGrad = Autograd.NoGrad();
        ScaleSequence scales = transformer.Scales;
        using var random = new RandomGenerator(1);
        Tensor input = Tensor.Randn([1, scales.Length - 1, 4], random), changed = input.Clone();
        int third = scales.Start(2);
        changed.Narrow(1, third - 1, scales.TokenCount(2)).FillInPlace(3);
        Tensor class_N = Tensor.From([0L], 1);
        Tensor difference = (transformer.Forward(class_N, input) - transformer.Forward(class_N, changed)).Abs();
        Assert.Equal(0, difference.Narrow(1, 0, third).Max().Item());
        Assert.True(difference.Narrow(1, third, scales.TokenCount(2)).Max().Item() > 1e-3);
    }

    [Fact]
    public void AttentionMask_EveryToken_SeesItsOwnAndEarlierScales()
    {
        using VarTransformer transformer = TinyVar.Transformer();
        using Tensor mask = transformer.AttentionMask();
        float[] values = mask.ToArray<float>();
        int length = transformer.Scales.Length;
        int[] scaleOf = [
            .. Enumerable.Range(0, transformer.Scales.Count).SelectMany(i => Enumerable.Repeat(i, transformer.Scales.TokenCount(i)))];
        for (int row = 0; row < length; row++)
        {
            for (int column = 0; column < length; column++)
                Assert.Equal(scaleOf[column] <= scaleOf[row] ? 0 : float.NegativeInfinity, values[row * length + column]);
        }
    }

    // Where there is no engine, packing does nothing and both are the composed path.
    [Fact]
    public void PackForSampling_BFloat16_GivesTheLogitsOfTheComposedBlocks()
    {
        using var scope = new TensorScope();
        VarTransformerConfig sizes = TinyVar.TransformerSizes with { HeadSize = 64, HeadCount = 3, Scales = [1, 2, 3, 5, 7] };
        using VarTransformer full = TinyVar.Transformer(sizes: sizes);
        using var plain = new VarTransformer(sizes, ParameterSource.From(full.Parameters, type: ScalarType.BFloat16));
        using var packed = new VarTransformer(sizes, ParameterSource.From(full.Parameters, type: ScalarType.BFloat16));
        packed.PackForSampling();
        using InferenceMode inference = Autograd.Inference();
        using var random = new RandomGenerator(1);
        Tensor input = Tensor.Randn([2, plain.Scales.Length, 4], random), class_N = Tensor.From([1L, 3L], 2);
        using ScaleDecoding wanted = full.Begin(class_N), composed = plain.Begin(class_N), fast = packed.Begin(class_N);
        for (int i = 0; i < plain.Scales.Count; i++)
        {
            Tensor? next = i == 0 ? null : input.Narrow(1, 0, plain.Scales.TokenCount(i));
            Tensor exact = wanted.Next(next), a = composed.Next(next), b = fast.Next(next);
            double size = exact.Square().Mean().Sqrt().Item(), rounding = (a - exact).Square().Mean().Sqrt().Item();
            // As far from float32 as the composed path is, up to a factor: both round products to bfloat16.
            Assert.InRange((b - exact).Square().Mean().Sqrt().Item(), 0, 2 * rounding + 1e-3 * size);
        }
    }

    [Fact]
    public void StartGates_Zero_MakesEveryBlockTheIdentity()
    {
        using var scope = new TensorScope();
        using var transformer = new VarTransformer(TinyVar.TransformerSizes, ParameterSource.Random(1));
        transformer.StartGates(0);
        using GradMode noGrad = Autograd.NoGrad();
        var outputs = new List<float[]>();
        using var random = new RandomGenerator(1);
        Tensor input = Tensor.Randn([1, transformer.Scales.Length - 1, 4], random);
        transformer.Forward(Tensor.From([0L], 1), input, null, (_, x) => outputs.Add(x.ToArray<float>()));
        Assert.Equal(outputs[0], outputs[1]);
    }

    internal static TokenMaps Tokens(ScaleSequence scales, int count, int seed = 1)
    {
        var random = new Random(seed);
        return new TokenMaps(scales, [.. Enumerable.Range(0, scales.Count).Select(i =>
        {
            int size = scales.TokenCount(i);
            return Tensor.From([.. Enumerable.Range(0, count * size).Select(_ => (long)random.Next(16))], count, size);
        })]);
    }
}
