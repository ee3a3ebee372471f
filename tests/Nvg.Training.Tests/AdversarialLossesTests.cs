using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Adversarial;
using Nvg.Training.Distributed;
using Nvg.Training.Optimization;

namespace Nvg.Training.Tests;

/// <summary>Gradients of the game's losses in closed form, and what a discriminator must not depend on.</summary>
[Collection(RunsAlone.Name), NoTensorLeaks]
public class AdversarialLossesTests
{
    private static readonly float[] RealLogits = [0.5f, 1.5f, -0.25f, 2], FakeLogits = [-1.5f, -0.5f, 0.75f, -3];

    [Fact]
    public void Hinge_Gradient_IsAStepAtTheMargin()
    {
        (float[] real, float[] fake) = Gradients(AdversarialLosses.Hinge);
        Assert.Equal(RealLogits.Select(x => x < 1 ? -0.125f : 0), real);
        Assert.Equal(FakeLogits.Select(x => x > -1 ? 0.125f : 0), fake);
    }

    [Fact]
    public void Vanilla_Gradient_IsTheErrorOfTheProbability()
    {
        (float[] real, float[] fake) = Gradients(AdversarialLosses.Vanilla);
        AssertClose(RealLogits.Select(x => (Sigmoid(x) - 1) / 8), real);
        AssertClose(FakeLogits.Select(x => Sigmoid(x) / 8), fake);
    }

    [Fact]
    public void NonSaturating_Gradient_IsSharedByTheLogitsOfAnImage()
    {
        (_, float[] fake) = Gradients((_, logits) => AdversarialLosses.NonSaturating(logits));
        double[] perImage = [.. FakeLogits.Chunk(2).Select(pair => (Sigmoid(pair.Average()) - 1) / 4)];
        AssertClose([perImage[0], perImage[0], perImage[1], perImage[1]], fake);
    }

    [Fact]
    public void Lecam_Gradient_PullsTowardsTheOtherAverage()
    {
        using var averages = new ParameterStore();
        using var lecam = new LecamRegularizer(new ParameterPath(averages, ParameterSource.Random(0)), decay: 0.5);
        (float[] real, float[] fake) = Gradients((real, fake) => lecam.Update(real, fake));
        double realAverage = 0.5 * RealLogits.Average(), fakeAverage = 0.5 * FakeLogits.Average();
        AssertClose(RealLogits.Select(x => Math.Max(0, x - fakeAverage) * 2 / 4), real);
        AssertClose(FakeLogits.Select(x => -Math.Max(0, realAverage - x) * 2 / 4), fake);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 3)]
    [InlineData(2, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 1)]
    public void Lecam_BatchInUnequalParts_MovesOnceByTheMeanOfTheWhole(int processes, int parts)
    {
        // Seven images of two logits; the mean over all is (0 + … + 13) / 14, and the fake ones' its negative.
        double[][] averages = TinyRuns.Together(processes, group =>
        {
            using var store = new ParameterStore();
            using var lecam = new LecamRegularizer(new ParameterPath(store, ParameterSource.Random(0)), decay: 0.75, group);
            using Tensor all = Tensor.Arange(0, 14), real = all.Reshape(7, 2);
            double[] penalties = new double[parts];
            for (int step = 0; step < 2; step++)
            {
                for (int i = 0; i < parts; i++)
                {
                    using var scope = new TensorScope();
                    BatchShare part = group.ShareOf(7).Part(i, parts);
                    penalties[i] = lecam.Update(part.Of(real), -part.Of(real), part).Item();
                }
            }

            // In the second step every part but a whole share is judged by the averages after the first.
            double judge = (parts == 1 ? 1 - 0.75 * 0.75 : 0.25) * 6.5;
            Assert.All(penalties.Index(), p =>
            {
                double[] logits = [
                    .. group.ShareOf(7).Part(p.Index, parts).Of([.. Enumerable.Range(0, 7)]).SelectMany(n => (double[])[2 * n, 2 * n + 1])];
                Assert.Equal(2 * logits.Average(x => (x + judge) * (x + judge)), p.Item, 1e-3);
            });
            return (double[])[lecam.Averages.Real.Item(), lecam.Averages.Fake.Item()];
        });
        double expected = (1 - 0.75 * 0.75) * 6.5;
        Assert.All(averages, a => AssertClose([expected, -expected], [.. a.Select(x => (float)x)]));
    }

    [Theory]
    [InlineData(17, new[] { 5, 6, 6 })]
    [InlineData(9, new[] { 4, 5 })]
    [InlineData(16, new[] { 8, 8 })]
    [InlineData(3, new[] { 3 })]
    public void VirtualBatchNorm_AnyNumberOfImages_NormalisesGroupsOfAtMostEight(int images, int[] groups)
    {
        using var scope = new TensorScope();
        using var parameters = new ParameterStore();
        using var random = new RandomGenerator(1);
        var norm = new VirtualBatchNorm(new ParameterPath(parameters, ParameterSource.Random(1)), 2);
        Tensor normal_NCT = norm.Forward(Tensor.Randn([images, 2, 5], random) * 3.0 + 7.0);
        int start = 0;
        foreach (int size in groups)
        {
            Tensor group = normal_NCT.Narrow(0, start, size);
            Assert.All(group.Mean([0, 2]).ToArray<float>(), mean => Assert.Equal(0, mean, 1e-5));
            Assert.All(group.Square().Mean([0, 2]).ToArray<float>(), variance => Assert.Equal(1, variance, 1e-5));
            Assert.True(group.Narrow(0, 0, 1).Mean().Abs().Item() > 1e-3, "an image alone is not normalised");
            start += size;
        }

        Assert.Equal(images, start);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void PatchDiscriminator_SmallestImage_HasOneLogitWhateverItsBatch(int halvings)
    {
        using var scope = new TensorScope();
        using var parameters = new ParameterStore();
        using var discriminator = new PatchDiscriminator(new ParameterPath(parameters, ParameterSource.Random(1)), 4, halvings);
        using var random = new RandomGenerator(1);
        int side = PatchDiscriminator.SmallestSide(halvings);
        Tensor images = Tensor.Rand([3, 3, side, side], random);
        Tensor all = discriminator.Forward(images, training: false, new HostRandom(0)), one = discriminator.Forward(
            images.Narrow(0, 1, 1), training: false, new HostRandom(0));
        Assert.Equal([3, 1], all.Shape.ToArray());
        Assert.Equal(all.ToArray<float>()[1], one.Item(), 1e-5);
    }

    [Fact]
    public void SpectralNorm_ManyTrainingPasses_ReachTheLargestSingularValue()
    {
        using var scope = new TensorScope();
        using var parameters = new ParameterStore();
        var norm = new SpectralNorm(new ParameterPath(parameters, ParameterSource.Random(1)), [6, 5]);
        for (int i = 0; i < 200; i++)
            norm.Weight(iterate: true).Dispose();
        // The largest eigenvalue of WᵀW of the result must be one: its powers neither vanish nor grow.
        Tensor weight = norm.Weight(iterate: false).Detach(), gram = weight.Transpose(0, 1).Matmul(weight);
        for (int i = 0; i < 7; i++)
            gram = gram.Matmul(gram);
        Assert.Equal(1, Enumerable.Range(0, 5).Sum(i => gram.Select(0, i).Select(0, i).Item()), 1e-2);
    }

    private static (float[] Real, float[] Fake) Gradients(Func<Tensor, Tensor, Tensor> loss)
    {
        using var scope = new TensorScope();
        Tensor real = Tensor.From(RealLogits, 2, 2), fake = Tensor.From(FakeLogits, 2, 2);
        real.RequiresGrad = fake.RequiresGrad = true;
        Tensor?[] gradients = Autograd.Gradients(loss(real, fake), [real, fake]);
        return (gradients[0]?.ToArray<float>() ?? [], gradients[1]!.ToArray<float>());
    }

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    private static void AssertClose(IEnumerable<double> expected, float[] actual) =>
        Assert.All(expected.Zip(actual), g => Assert.Equal(g.First, g.Second, 1e-6));
}
