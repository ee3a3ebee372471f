namespace Nvg.Torch.Tests;

/// <summary>The dispatcher's door: every kind of argument, every kind of result, every refusal.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public class OperatorTests
{
    [Fact]
    public void Call_Text_ChoosesTheVariant()
    {
        using var scope = new TensorScope();
        Tensor x = Tensor.From([-1f, 0.5f, 2], 3);
        var gelu = new Operator("aten::gelu");
        double[] exact = [-0.15865525, 0.34573123, 1.95449974], tanh = [-0.15880801, 0.34571401, 1.95459769];
        Assert.Equal(exact, gelu.Call(x, "none").ToArray<float>().Select(v => (double)v), Near(1e-6));
        Assert.Equal(tanh, gelu.Call(x, "tanh").ToArray<float>().Select(v => (double)v), Near(1e-6));
        Assert.Equal(exact, gelu.Call(x, Argument.Default).ToArray<float>().Select(v => (double)v), Near(1e-6));
        string longText = new('x', 3000);
        Assert.ThrowsAny<TorchException>(() => gelu.Call(x, longText));
    }

    [Fact]
    [Trait(TorchDoors.Trait, TorchDoors.Compiled)]
    public void Call_DoubleList_ScalesEachSideByItsOwnFactor()
    {
        using var scope = new TensorScope();
        Tensor x = Tensor.From([1f, 2], 1, 1, 1, 2);
        Tensor y = new Operator("aten::upsample_nearest2d", "vec").Call(x, Argument.None, new[] { 2.0, 3.0 });
        Assert.Equal([1, 1, 2, 6], y.Shape.ToArray());
        Assert.Equal([1f, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2], y.ToArray<float>());
    }

    [Theory]
    [InlineData(true, false, true)]
    [InlineData(false, true, false)]
    [Trait(TorchDoors.Trait, TorchDoors.Compiled)]
    public void CallMany_BoolList_GivesNullWhereNothingWasAskedFor(bool first, bool second, bool third)
    {
        using var scope = new TensorScope();
        Tensor x = Tensor.From([1f, 2, 4, 8], 2, 2), weight = Tensor.From([1f, 1], 2), bias = Tensor.Zeros([2]);
        Tensor[] forward = new Operator("aten::native_layer_norm").CallMany(3, x, new long[] { 2 }, weight, bias, 1e-5)!;
        Tensor?[] grads = new Operator("aten::native_layer_norm_backward").CallMany(
            3, Tensor.From([1f, 0, 0, 1], 2, 2), x, new long[] { 2 }, forward[1], forward[2], weight, bias, new[] { first, second, third });
        Assert.Equal([first, second, third], grads.Select(g => g is not null));
    }

    [Fact]
    public void Call_MoreListSlotsThanTheStackBlock_PassesAll()
    {
        using var scope = new TensorScope();
        Tensor[] parts = [.. Enumerable.Range(0, 1000).Select(i => Tensor.From([(float)i], 1))];
        Assert.Equal(Enumerable.Range(0, 1000).Select(i => (float)i), Tensor.Cat(parts, 0).ToArray<float>());
        long[] sizes = [.. Enumerable.Repeat(1L, 1000)];
        Assert.Equal(999f, Tensor.Cat(parts, 0).Split(0, sizes)[^1].Item());
    }

    [Fact]
    public void Call_UnknownOverload_NamesIt()
    {
        var missing = new Operator("aten::add", "NoSuchOverload");
        Assert.False(missing.Exists);
        Assert.Contains("aten::add.NoSuchOverload", Assert.Throws<TorchOperatorException>(() => missing.Call()).Message,
            StringComparison.Ordinal);
        Assert.StartsWith("aten::add.Tensor(Tensor self", new Operator("aten::add", "Tensor").Schema, StringComparison.Ordinal);
    }

    [Fact]
    public void Call_WrongNumberOfArguments_NamesOperator()
    {
        using Tensor x = Tensor.Zeros([2]);
        var abs = new Operator("aten::abs");
        Assert.Contains("aten::abs", Assert.Throws<TorchArgumentException>(() => abs.Call(x, x)).Message, StringComparison.Ordinal);
        Assert.Contains("'self'", Assert.Throws<TorchArgumentException>(() => abs.Call()).Message, StringComparison.Ordinal);
        Assert.Throws<TorchArgumentException>(() => abs.Call(Argument.Default));
    }

    [Fact]
    public void Call_ArgumentOfAnotherKind_Throws()
    {
        using Tensor x = Tensor.Zeros([2, 2]);
        Assert.ThrowsAny<TorchException>(() => new Operator("aten::abs").Call("text"));
        Assert.ThrowsAny<TorchException>(() => new Operator("aten::reshape").Call(x, new[] { 1.0, 4 }));
        Assert.ThrowsAny<TorchException>(() => new Operator("aten::select", "int").Call(x, "0", 0L));
        Assert.ThrowsAny<TorchException>(() => new Operator("aten::cat").Call(x, 0L));
    }

    [Fact]
    public void Call_ResultOfAnotherKind_Throws()
    {
        using Tensor x = Tensor.From([1f, 2], 2);
        using Tensor one = Tensor.Scalar(3);
        Assert.Throws<TorchArgumentException>(() => new Operator("aten::_local_scalar_dense").Call(one));
        Assert.Throws<TorchArgumentException>(() => new Operator("aten::abs").CallNumber(x));
        Assert.Throws<TorchArgumentException>(() => new Operator("aten::sort", "stable").Call(x, true));
        Assert.Throws<TorchArgumentException>(() => new Operator("aten::split_with_sizes").CallMany(1, x, new long[] { 1, 1 }, 0L));
    }

    [Fact]
    public void CallNumber_EveryKindOfNumber_IsRead()
    {
        using Tensor real = Tensor.Scalar(-2.5, ScalarType.Float64), whole = Tensor.Scalar(7, ScalarType.Int64),
            truth = Tensor.Scalar(1, ScalarType.Bool);
        Assert.Equal((-2.5, 7, 1), (real.Item(), whole.Item(), truth.Item()));
    }

    [Fact]
    public void Call_ShapesThatDoNotFit_ExceptionHasOperatorAndShapes()
    {
        using var scope = new TensorScope();
        Tensor a = Tensor.Zeros([2, 3]), b = Tensor.Zeros([4]);
        TorchException single = Assert.ThrowsAny<TorchException>(() => new Operator("aten::add", "Tensor").Call(a, b, 1));
        Assert.Equal("aten::add.Tensor", single.Operator);
        Assert.Equal([[2, 3], [4]], single.Shapes);
        TorchException list = Assert.ThrowsAny<TorchException>(() => new Operator("aten::cat").Call(new[] { b, a }, 0));
        Assert.Equal([[4], [2, 3]], list.Shapes);
        Assert.Empty(new TorchException("none").Shapes);
    }

    [Fact]
    public void Call_DisposedArgument_ThrowsObjectDisposed()
    {
        using Tensor live = Tensor.Zeros([1]);
        Tensor dead = Tensor.Zeros([1]);
        dead.Dispose();
        Assert.Throws<ObjectDisposedException>(() => live + dead);
        Assert.Throws<ObjectDisposedException>(() => Tensor.Cat([live, dead], 0));
        Assert.Throws<ObjectDisposedException>(() => dead.Shape.Length);
        Assert.Throws<ObjectDisposedException>(() => dead.ToArray<float>());
        Assert.Throws<ObjectDisposedException>(() => dead.AsSpan<float>().Length);
        Assert.Throws<ObjectDisposedException>(() => dead.Backward());
        Assert.Throws<ObjectDisposedException>(() => dead.Alias());
        Assert.Throws<ObjectDisposedException>(() => live.Grad = dead);
        Assert.Throws<ObjectDisposedException>(() => Autograd.Gradients(live, [dead]));
        Assert.Throws<ObjectDisposedException>(() => Autograd.Gradients(dead, [live]));
        Assert.Equal("disposed tensor", dead.ToString());
        var generator = new RandomGenerator(1);
        generator.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Tensor.Randn([1], generator));
    }

    [Fact]
    public void Call_Failure_IsOneLineAndLeavesNoTrace()
    {
        using Tensor x = Tensor.Zeros([2, 3]);
        for (int i = 0; i < 100; i++)
            Assert.DoesNotContain('\n', Assert.ThrowsAny<TorchException>(() => x.Matmul(x)).Message);
        using Tensor ok = x + 1.0;
        Assert.Equal(1f, ok.ToArray<float>()[5]);
    }

    private static Func<double, double, bool> Near(double tolerance) => (a, b) => Math.Abs(a - b) <= tolerance;
}
