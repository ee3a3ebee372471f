namespace Nvg.Torch.Tests;

[Collection(RunsAlone.Name)]
[NoTensorLeaks]
[Trait(TorchDoors.Trait, TorchDoors.Compiled)]
public class AutogradTests
{
    private const int Width = 4, Heads = 2;

    [Fact]
    public void Gradients_TransformerBlock_EqualFiniteDifferences()
    {
        using var scope = new TensorScope();
        using var random = new RandomGenerator(3);
        Tensor[] inputs =
        [
            Tensor.Randn([2, 3, Width], random, ScalarType.Float64), Tensor.Randn([4 * Width, Width], random, ScalarType.Float64),
            Tensor.Randn([4 * Width], random, ScalarType.Float64), Tensor.Randn([Width, 2 * Width], random, ScalarType.Float64),
        ];
        foreach (Tensor input in inputs)
            input.RequiresGrad = true;
        Tensor?[] gradients = Autograd.Gradients(Block(inputs), inputs);
        for (int n = 0; n < inputs.Length; n++)
        {
            double[] exact = gradients[n]!.ToArray<double>();
            for (int i = 0; i < exact.Length; i++)
                Assert.Equal(Difference(inputs, n, i), exact[i], 1e-5 * Math.Max(1, Math.Abs(exact[i])));
        }
    }

    [Fact]
    public void Gradients_UnusedInput_IsNull()
    {
        using var scope = new TensorScope();
        Tensor used = Leaf(2), unused = Leaf(5);
        Tensor?[] gradients = Autograd.Gradients(used.Square(), [used, unused]);
        Assert.Equal(4, gradients[0]!.Item());
        Assert.Null(gradients[1]);
        Assert.Null(used.Grad);
    }

    [Fact]
    public void Gradients_CreateGraph_CanBeDifferentiatedAgain()
    {
        using var scope = new TensorScope();
        Tensor x = Leaf(3);
        Tensor first = Autograd.Gradients(x.Pow(3), [x], createGraph: true)[0]!;
        Assert.Equal(27, first.Item(), 1e-4);
        Assert.Equal(18, Autograd.Gradients(first, [x])[0]!.Item(), 1e-4);
    }

    [Fact]
    public void Gradients_RetainGraph_AllowsASecondPass()
    {
        using var scope = new TensorScope();
        Tensor x = Leaf(3), loss = x.Square().Exp().Log();
        Assert.Equal(6, Autograd.Gradients(loss, [x], retainGraph: true)[0]!.Item(), 1e-4);
        Assert.Equal(6, Autograd.Gradients(loss, [x])[0]!.Item(), 1e-4);
        Assert.ThrowsAny<TorchException>(() => Autograd.Gradients(loss, [x]));
    }

    [Fact]
    public void Gradients_ConstantLoss_Throws()
    {
        using Tensor x = Tensor.Scalar(1), y = Tensor.Scalar(2);
        Assert.ThrowsAny<TorchException>(() => Autograd.Gradients(x, [y]));
        Assert.ThrowsAny<TorchException>(() => x.Backward());
    }

    [Fact]
    public void Backward_Twice_AddsUpUntilCleared()
    {
        using var scope = new TensorScope();
        Tensor x = Leaf(3);
        x.Square().Backward();
        x.Square().Backward();
        Assert.Equal(12, x.Grad!.Item());
        x.Grad = Tensor.Scalar(1);
        x.Square().Backward();
        Assert.Equal(7, x.Grad!.Item());
        x.Grad = null;
        Assert.Null(x.Grad);
    }

    [Fact]
    public void Detach_Product_CutsOneFactor()
    {
        using var scope = new TensorScope();
        Tensor x = Leaf(3);
        (x * x.Detach()).Backward();
        Assert.Equal(3, x.Grad!.Item());
    }

    [Fact]
    public void Modes_Nested_AreRestoredInOrder()
    {
        using var scope = new TensorScope();
        Tensor x = Leaf(1);
        Assert.True(Records(x));
        using (Autograd.NoGrad())
        {
            Assert.False(Records(x));
            using (Autograd.EnableGrad())
            {
                Assert.True(Records(x));
                using (Autograd.Inference())
                    Assert.False(Records(x));
                Assert.True(Records(x));
            }

            Assert.False(Records(x));
        }

        Assert.True(Records(x));
    }

    [Fact]
    public void Modes_Exception_AreRestored()
    {
        using var scope = new TensorScope();
        Tensor x = Leaf(1), matrix = Tensor.Zeros([2, 3]);
        Assert.ThrowsAny<TorchException>(() =>
        {
            using GradMode off = Autograd.NoGrad();
            matrix.Matmul(matrix);
        });
        Assert.True(Records(x));
        Assert.ThrowsAny<TorchException>(() =>
        {
            using InferenceMode inference = Autograd.Inference();
            matrix.Matmul(matrix);
        });
        Assert.True(Records(x));
        Assert.ThrowsAny<TorchException>(() =>
        {
            using Autocast autocast = Autograd.Autocast(Device.Cpu, ScalarType.BFloat16);
            matrix.Matmul(matrix);
        });
        Assert.Equal(ScalarType.Float32, matrix.Matmul(matrix.Transpose(0, 1)).ScalarType);
    }

    [Fact]
    public void Modes_OtherThread_AreItsOwn()
    {
        using Tensor x = Leaf(1);
        bool recorded = false;
        using (Autograd.NoGrad())
        {
            var thread = new Thread(() =>
            {
                using var scope = new TensorScope();
                recorded = Records(x);
            });
            thread.Start();
            thread.Join();
        }

        Assert.True(recorded);
    }

    [Fact]
    public void Autocast_Nested_SwitchesOffAndBackOn()
    {
        using var scope = new TensorScope();
        Tensor x = Tensor.Full([2, 2], 1);
        x.RequiresGrad = true;
        using (Autograd.Autocast(Device.Cpu, ScalarType.BFloat16))
        {
            Assert.Equal(ScalarType.BFloat16, x.Matmul(x).ScalarType);
            using (Autograd.Autocast(Device.Cpu, ScalarType.Float32))
                Assert.Equal(ScalarType.Float32, x.Matmul(x).ScalarType);
            Tensor product = x.Matmul(x);
            Assert.Equal(ScalarType.BFloat16, product.ScalarType);
            product.Sum().Backward();
        }

        Assert.Equal(ScalarType.Float32, x.Grad!.ScalarType);
        Assert.Equal([4f, 4, 4, 4], x.Grad!.ToArray<float>());
        Assert.Equal(ScalarType.Float32, x.Matmul(x).ScalarType);
    }

    [Fact]
    public void RequiresGrad_WholeNumbers_Throws()
    {
        using Tensor x = Tensor.Zeros([2], ScalarType.Int64);
        Assert.ThrowsAny<TorchException>(() => x.RequiresGrad = true);
        Assert.False(x.RequiresGrad);
    }

    private static bool Records(Tensor leaf)
    {
        using Tensor product = leaf * 2.0;
        return product.RequiresGrad;
    }

    private static Tensor Leaf(double value)
    {
        Tensor leaf = Tensor.Scalar(value);
        leaf.RequiresGrad = true;
        return leaf;
    }

    // Layer norm, one linear for query, key, value and MLP, attention beside GELU, a second linear, squared.
    private static Tensor Block(Tensor[] inputs)
    {
        using var scope = new TensorScope();
        (Tensor x, Tensor weight1, Tensor bias1, Tensor weight2) = (inputs[0], inputs[1], inputs[2], inputs[3]);
        Tensor[] parts = Functional.Linear(Functional.LayerNorm(x, 1e-6), weight1, bias1).Split(2, Width, Width, Width, Width);
        Tensor[] heads = [.. parts.Take(3).Select(p => p.Reshape(2, 3, Heads, Width / Heads).Transpose(1, 2))];
        Tensor attended = Functional.ScaledDotProductAttention(heads[0], heads[1], heads[2]).Transpose(1, 2).Reshape(2, 3, Width);
        Tensor y = Functional.Linear(Tensor.Cat([attended, Functional.GeluTanh(parts[3])], 2), weight2, null) + x;
        return scope.Keep(Functional.Silu(y).Square().Sum());
    }

    private static double Difference(Tensor[] inputs, int input, int element)
    {
        const double h = 1e-6;
        using GradMode noGrad = Autograd.NoGrad();
        double value = inputs[input].AsSpan<double>()[element];
        double up = At(value + h), down = At(value - h);
        inputs[input].AsSpan<double>()[element] = value;
        return (up - down) / (2 * h);

        double At(double moved)
        {
            inputs[input].AsSpan<double>()[element] = moved;
            using Tensor loss = Block(inputs);
            return loss.Item();
        }
    }
}
