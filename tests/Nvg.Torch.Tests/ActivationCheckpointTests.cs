namespace Nvg.Torch.Tests;

[Collection(RunsAlone.Name), NoTensorLeaks]
[Trait(TorchDoors.Trait, TorchDoors.Compiled)]
public class ActivationCheckpointTests
{
    [Fact]
    public void Run_TwoSegments_GivesTheSameOutputAndGradients()
    {
        using var scope = new TensorScope();
        (Tensor Output, Tensor?[] Gradients) plain = Differentiate((f, inputs) => f(inputs)),
            checkpointed = Differentiate(ActivationCheckpoint.Run);
        Assert.Equal(plain.Output.ToArray<float>(), checkpointed.Output.ToArray<float>());
        Assert.All(plain.Gradients.Zip(checkpointed.Gradients), pair =>
            Assert.Equal(pair.First!.ToArray<float>(), pair.Second!.ToArray<float>()));
    }

    [Fact]
    public void Run_UnderAutocast_ComputesTheSecondTimeInTheSamePrecision()
    {
        using var scope = new TensorScope();
        var types = new List<ScalarType>();
        using var random = new RandomGenerator(1);
        Tensor x = Tensor.Randn([4, 4], random), weight = Tensor.Randn([4, 4], random);
        x.RequiresGrad = true;
        Tensor output;
        using (Autograd.Autocast(Device.Cpu, ScalarType.BFloat16))
        {
            output = ActivationCheckpoint.Run(inputs =>
            {
                Tensor product = inputs[0].Matmul(weight);
                types.Add(product.ScalarType);
                return product.To(ScalarType.Float32);
            }, x);
        }

        output.Sum().Backward();
        Assert.Equal([ScalarType.BFloat16, ScalarType.BFloat16], types);
        Assert.Equal(ScalarType.Float32, Autograd.AutocastType(Device.Cpu));
        x.Grad = null;
    }

    [Fact]
    public void Run_WithoutGradients_RunsOnceAndKeepsNothing()
    {
        using var scope = new TensorScope();
        int runs = 0;
        using Tensor x = Tensor.Full([2], 3);
        Tensor y = ActivationCheckpoint.Run(inputs =>
        {
            runs++;
            return inputs[0] * 2;
        }, x);
        Assert.Equal([6f, 6f], y.ToArray<float>());
        Assert.Equal(1, runs);
        Assert.False(y.RequiresGrad);
    }

    [Fact]
    public void Run_GraphNeverDifferentiated_LetsItsInputsGo()
    {
        long before = Tensor.LiveCount;
        using (var scope = new TensorScope())
        {
            Tensor x = Tensor.Full([2], 3);
            x.RequiresGrad = true;
            ActivationCheckpoint.Run(inputs => inputs[0] * 2, x);
        }

        Assert.Equal(before, Tensor.LiveCount);
    }

    [Fact]
    public void Backward_SegmentFailsTheSecondTime_IsAnException()
    {
        using var scope = new TensorScope();
        Tensor x = Tensor.Full([2], 3);
        x.RequiresGrad = true;
        int runs = 0;
        Tensor y = ActivationCheckpoint.Run(inputs => runs++ == 0 ? inputs[0] * 2 : throw new InvalidOperationException("no"), x);
        Assert.Contains("checkpointed segment", Assert.ThrowsAny<TorchException>(() => y.Sum().Backward()).Message,
            StringComparison.Ordinal);
    }

    private static (Tensor Output, Tensor?[] Gradients) Differentiate(Func<Func<Tensor[], Tensor>, Tensor[], Tensor> run)
    {
        using var random = new RandomGenerator(1);
        Tensor x = Tensor.Randn([5, 4], random), shift = Tensor.Randn([4], random), first = Tensor.Randn([4, 4], random),
            second = Tensor.Randn([4, 4], random);
        Tensor[] leaves = [x, shift, first, second];
        Array.ForEach(leaves, t => t.RequiresGrad = true);
        // Inputs that are themselves computed, and one that two segments share.
        Tensor hidden = x * 2, moved = shift.Exp();
        hidden = run(inputs => (inputs[0].Matmul(first) + inputs[1]).Sigmoid(), [hidden, moved]);
        hidden = run(inputs => (inputs[0].Matmul(second) * inputs[1]).Sin(), [hidden, moved]);
        hidden.Square().Sum().Backward();
        Tensor?[] gradients = Array.ConvertAll(leaves, t => t.Grad?.Clone());
        Array.ForEach(leaves, t => t.Grad = null);
        return (hidden, gradients);
    }
}
