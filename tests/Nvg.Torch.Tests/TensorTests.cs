namespace Nvg.Torch.Tests;

[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public class TensorTests
{
    [Fact]
    public void From_RoundTrip_GivesSameValues()
    {
        using Tensor tensor = Tensor.From([1f, 2, 3, 4, 5, 6], 2, 3);
        Assert.Equal([2, 3], tensor.Shape.ToArray());
        Assert.Equal([1f, 2, 3, 4, 5, 6], tensor.ToArray<float>());
        Assert.Equal(ScalarType.Float32, tensor.ScalarType);
    }

    [Fact]
    public void Matmul_SmallMatrices_EqualsHandComputation()
    {
        using var scope = new TensorScope();
        Tensor a = Tensor.From([1f, 2, 3, 4], 2, 2);
        Tensor b = Tensor.From([5f, 6, 7, 8], 2, 2);
        Assert.Equal([19f, 22, 43, 50], a.Matmul(b).ToArray<float>());
    }

    [Fact]
    public void Call_MismatchedShapes_NamesOperatorAndShapes()
    {
        using var scope = new TensorScope();
        Tensor a = Tensor.From([1f, 2, 3], 3);
        Tensor b = Tensor.From([1f, 2], 2);
        TorchException error = Assert.ThrowsAny<TorchException>(() => a + b);
        Assert.Contains("aten::add.Tensor(Float32[3], Float32[2])", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Call_UnknownOperator_Throws() =>
        Assert.Throws<TorchOperatorException>(() => new Operator("aten::no_such_operator").Call());

    [Fact]
    public void Scope_Dispose_FreesAllButKept()
    {
        long before = Tensor.LiveCount;
        Tensor kept;
        using (var scope = new TensorScope())
        {
            Tensor a = Tensor.From([1f, 2], 2);
            kept = scope.Keep(a * 2);
            _ = a + a;
            Assert.Equal(before + 3, Tensor.LiveCount);
        }

        Assert.Equal(before + 1, Tensor.LiveCount);
        Assert.Equal([2f, 4], kept.ToArray<float>());
        kept.Dispose();
        Assert.Equal(before, Tensor.LiveCount);
    }

    [Fact]
    [Trait(TorchDoors.Trait, TorchDoors.Compiled)]
    public void Backward_SumOfSquares_IsTwiceInput()
    {
        using var scope = new TensorScope();
        Tensor x = Tensor.From([1f, -2, 3], 3);
        x.RequiresGrad = true;
        x.Square().Sum().Backward();
        Assert.Equal([2f, -4, 6], x.Grad!.ToArray<float>());
    }

    [Fact]
    public void Split_Sizes_GivesEveryPart()
    {
        using var scope = new TensorScope();
        Tensor[] parts = Tensor.Arange(0, 6).Split(0, 1, 2, 3);
        Assert.Equal([3f, 4, 5], parts[2].ToArray<float>());
    }

    [Fact]
    public void Generator_SameSeed_SameNumbers_StateContinues()
    {
        using var scope = new TensorScope();
        using var first = new RandomGenerator(42);
        using var second = new RandomGenerator(42);
        Assert.Equal(Tensor.Randn([20], first).ToArray<float>(), Tensor.Randn([20], second).ToArray<float>());
        byte[] state = first.GetState();
        float[] next = Tensor.Randn([5], first).ToArray<float>();
        using var third = new RandomGenerator(0);
        third.SetState(state);
        Assert.Equal(next, Tensor.Randn([5], third).ToArray<float>());
    }

    [Fact]
    [Trait(TorchDoors.Trait, TorchDoors.Compiled)]
    public void Autocast_BFloat16_ChangesProductTypeAndRestores()
    {
        using var scope = new TensorScope();
        Tensor a = Tensor.From([1f, 2, 3, 4], 2, 2);
        using (Autograd.Autocast(Device.Cpu, ScalarType.BFloat16))
            Assert.Equal(ScalarType.BFloat16, a.Matmul(a).ScalarType);
        Assert.Equal(ScalarType.Float32, a.Matmul(a).ScalarType);
    }
}
