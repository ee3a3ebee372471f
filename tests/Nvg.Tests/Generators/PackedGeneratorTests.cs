using Nvg.Generators;
using Nvg.Generators.Blocks;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tests.Generators;

/// <summary>Packing for sampling is a copy: the generator it was made from stays as it is.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public class PackedGeneratorTests
{
    // Heads of 64, for which there is a kernel, in bfloat16: packed where the processor has matrix units.
    internal static readonly GeneratorConfig Sizes = new()
    {
        LatentHeight = 2,
        LatentWidth = 2,
        LatentChannels = 4,
        CodebookSize = 16,
        ClassCount = 2,
        Depth = 2,
    };

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void Construct_LeavesTheGeneratorAsItIs(ScalarType type)
    {
        using var scope = new TensorScope();
        using var generator = new NvgGenerator(Sizes, ParameterSource.Random(1, type: type));
        using ParameterStore before = generator.Parameters.CloneDetached();
        float[] predicted = Predict(generator.Content);
        using (var packed = new PackedGenerator(generator))
        {
            Assert.Equal(type == ScalarType.BFloat16 && BlockOperations.HasMatrixEngine, packed.IsPacked);
            float[] byPacked = Predict(packed.Content);
            // Packed products round elsewhere than those of the composed block.
            Assert.All(predicted.Zip(byPacked), pair => Assert.Equal(pair.First, pair.Second, packed.IsPacked ? 0.05 : 0));
        }

        Assert.Equal(predicted, Predict(generator.Content));
        foreach ((string name, Tensor tensor) in before)
            Assert.True(tensor.IsEqual(generator.Parameters[name]).To(ScalarType.Float32).Min().Item() == 1, name);
    }

    [Fact]
    [Trait(TorchDoors.Trait, TorchDoors.Compiled)]
    public void Packed_AskedToTrain_IsRefusedAndItsSourceTrains()
    {
        using var scope = new TensorScope();
        using var generator = new NvgGenerator(Sizes, ParameterSource.Random(1, type: ScalarType.BFloat16));
        using var packed = new PackedGenerator(generator);
        (Tensor canvas, Tensor embedding, Tensor zero) = Inputs();
        if (packed.IsPacked)
        {
            Assert.Contains("packed", Assert.Throws<InvalidOperationException>(
                () => packed.Content.PredictFinalCanvas(
                    canvas, embedding, zero, zero, new BlockTraining())).Message, StringComparison.Ordinal);
        }

        generator.Parameters.SetRequiresGrad(true);
        generator.Content.PredictFinalCanvas(canvas, embedding, zero, zero, new BlockTraining()).Square().Sum().Backward();
        using Tensor? gradient = generator.Parameters["content_blocks.0.linear1.weight"].Grad;
        Assert.NotNull(gradient);
        Assert.True(gradient.Abs().Sum().Item() >= 0);
    }

    [Fact]
    public void IsOutdated_WeightsChanged_IsTrue()
    {
        using var generator = new NvgGenerator(Sizes, ParameterSource.Random(1, type: ScalarType.BFloat16));
        using var packed = new PackedGenerator(generator);
        Assert.False(packed.IsOutdated);
        using (Autograd.NoGrad())
            generator.Parameters["content_blocks.0.linear1.weight"].MultiplyInPlace(2);
        Assert.Equal(packed.IsPacked, packed.IsOutdated);
    }

    [Fact]
    public void Int8_PredictsAboutTheSame()
    {
        using var scope = new TensorScope();
        using var generator = new NvgGenerator(Sizes, ParameterSource.Random(1, type: ScalarType.BFloat16));
        if (!BlockOperations.HasInt8Engine)
        {
            Assert.Contains("packed", Assert.Throws<InvalidOperationException>(
                () => new PackedGenerator(generator, int8: true)).Message, StringComparison.Ordinal);
            return;
        }

        using PackedGenerator half = new(generator), packed = new(generator, int8: true);
        Assert.True(packed.IsPacked);
        float[] expected = Predict(half.Content), actual = Predict(packed.Content);
        Assert.NotEqual(expected, actual);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 0.1));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TakeOver_FreesWhatItPacks(bool int8)
    {
        if (int8 && !BlockOperations.HasInt8Engine)
            return;
        using var scope = new TensorScope();
        var generator = new NvgGenerator(Sizes, ParameterSource.Random(1, type: ScalarType.BFloat16));
        float[] expected;
        using (var copy = new PackedGenerator(generator, int8))
            expected = Predict(copy.Content);
        long before = Tensor.LiveCount;
        using PackedGenerator packed = PackedGenerator.TakeOver(generator, int8);
        // A packed matrix in place of every one that is freed, in int8 with the numbers of its columns: two for each block of both stacks.
        Assert.Equal(before + (int8 ? 2 * 2 * Sizes.Depth : 0), Tensor.LiveCount);
        Assert.Equal(expected, Predict(packed.Content));
    }

    private static float[] Predict(ContentGenerator generator)
    {
        using GradMode noGrad = Autograd.NoGrad();
        (Tensor canvas, Tensor embedding, Tensor zero) = Inputs();
        return generator.PredictFinalCanvas(canvas, embedding, zero, zero).ToArray<float>();
    }

    private static (Tensor Canvas, Tensor Embedding, Tensor Zero) Inputs() =>
        (Tensor.Full([1, 4, 4], 0.5), Tensor.Full([1, 4, 2], 1), Tensor.From([0L], 1));
}
