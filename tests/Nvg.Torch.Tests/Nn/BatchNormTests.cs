using Nvg.Torch.Nn;

namespace Nvg.Torch.Tests.Nn;

[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public class BatchNormTests
{
    [Fact]
    public void ForwardBatch_AnyInput_HasMeanZeroAndVarianceOne()
    {
        using var scope = new TensorScope();
        using var store = new ParameterStore();
        var norm = new BatchNorm(new ParameterPath(store, ParameterSource.Random(1)), 3, epsilon: 0);
        Tensor output = norm.ForwardBatch(Input(5, 1)).Transpose(0, 1).Reshape(3, -1);
        Assert.All(output.Mean(1).ToArray<float>(), mean => Assert.Equal(0, mean, 1e-5f));
        Assert.All(output.Square().Mean(1).ToArray<float>(), variance => Assert.Equal(1, variance, 1e-4f));
    }

    [Fact]
    public void Measure_SharesOfOneOverK_GiveTheMeansOverAllBatches()
    {
        using var scope = new TensorScope();
        using var store = new ParameterStore();
        var norm = new BatchNorm(new ParameterPath(store, ParameterSource.Random(1)), 3);
        Tensor[] batches = [.. Enumerable.Range(0, 4).Select(b => Input(6, (ulong)b))];
        for (int b = 0; b < batches.Length; b++)
            norm.Measure(batches[b], 1.0 / (b + 1));
        for (int c = 0; c < 3; c++)
        {
            float[][] values = [.. batches.Select(b => b.Select(1, c).ToArray<float>())];
            Assert.Equal(values.Average(v => v.Average()), store["running_mean"].ToArray<float>()[c], 1e-4);
            Assert.Equal(values.Average(UnbiasedVariance), store["running_var"].ToArray<float>()[c], 1e-3);
        }
    }

    [Fact]
    public void Forward_MeasuredStatistics_FollowsTheFormula()
    {
        using var scope = new TensorScope();
        using var store = new ParameterStore();
        var norm = new BatchNorm(new ParameterPath(store, ParameterSource.Random(1)), 3, epsilon: 0.25);
        store["weight"].CopyFrom(Tensor.From([2f, 3, 4], 3));
        store["bias"].CopyFrom(Tensor.From([1f, -1, 0.5f], 3));
        store["running_mean"].CopyFrom(Tensor.From([0.5f, 0, -2], 3));
        store["running_var"].CopyFrom(Tensor.From([3.75f, 0.75f, 2], 3));
        Tensor input = Input(2, 7);
        float[] x = input.ToArray<float>(), y = norm.Forward(input).ToArray<float>();
        Assert.Equal(2 * (x[0] - 0.5) / 2 + 1, y[0], 1e-5);
        Assert.Equal(3 * x[4] / 1 - 1, y[4], 1e-5);
        Assert.Equal(4 * (x[8] + 2) / 1.5 + 0.5, y[8], 1e-5);
    }

    [Fact]
    public void CrossEntropy_Smoothed_MixesInTheMeanOverAllClasses()
    {
        using var scope = new TensorScope();
        using var random = new RandomGenerator(3);
        Tensor logits = Tensor.Randn([5, 4], random), targets = Tensor.From([0L, 3, 2, 1, 1], 5);
        Tensor logProbabilities = logits.Softmax(1).Log();
        double hard = Functional.CrossEntropy(logits, targets).Item(), even = -logProbabilities.Mean().Item();
        Assert.Equal(0.8 * hard + 0.2 * even, Functional.CrossEntropy(logits, targets, 0.2).Item(), 1e-5);
    }

    [Fact]
    public void MaxPool_Squares_TakesTheLargest()
    {
        using var scope = new TensorScope();
        Tensor input = Tensor.Arange(0, 16).Reshape(1, 1, 4, 4);
        Assert.Equal([5f, 7, 13, 15], Functional.MaxPool(input, 2).ToArray<float>());
        Assert.Equal(input.ToArray<float>(), input.ChannelsLast().ToArray<float>());
    }

    private static Tensor Input(long count, ulong seed)
    {
        using var random = new RandomGenerator(seed);
        return Tensor.Randn([count, 3, 2, 2], random) * 3.0 + 1.0;
    }

    private static double UnbiasedVariance(float[] values) => values.Sum(v => Math.Pow(v - values.Average(), 2)) / (values.Length - 1);
}
