using System.Runtime.CompilerServices;
using Nvg.Torch.Distributed;

namespace Nvg.Torch.Tests.Interop.Managed;

/// <summary>What only the managed door does: it refuses what it cannot do in one line, and composes what it cannot pass.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public class ManagedDoorTests
{
    [ManagedDoorFact]
    public void Training_IsRefusedWithTheWayOut()
    {
        using Tensor x = Tensor.Zeros([2]);
        Refused(() => x.RequiresGrad = true);
        Refused(() => x.Backward());
        Refused(() => _ = Autograd.Autocast(Device.Cpu, ScalarType.BFloat16));
        Refused(() => _ = ProcessGroup.Has(ProcessGroupBackend.Gloo));
        Refused(() => new RandomGenerator(1, Device.Cuda()).Dispose());
        Refused(() => new Operator("nvg::gated_sum").Call(x, x, x));
        Assert.Equal(0, TorchRuntime.CudaDeviceCount);
    }

    [ManagedDoorFact]
    public void Modes_Nested_AreRestored()
    {
        using Tensor x = Tensor.From([3f], 1);
        using (Autograd.Inference())
        using (Autograd.NoGrad())
        using (Autograd.Autocast(Device.Cpu, ScalarType.Float32))
            Assert.Equal(ScalarType.Float32, Autograd.AutocastType(Device.Cpu));
        using Tensor square = x.Square();
        Assert.Equal(9, square.Item());
    }

    [ManagedDoorFact]
    public void Call_LibtorchRefuses_NamesOperatorAndShapes()
    {
        using Tensor left = Tensor.Zeros([2, 3]), right = Tensor.Zeros([2, 3]);
        var error = Assert.Throws<TorchException>(() => left.Matmul(right).Dispose());
        Assert.Contains("aten::matmul(Float32[2, 3], Float32[2, 3])", error.Message, StringComparison.Ordinal);
        Assert.Contains("standard error", error.Message, StringComparison.Ordinal);
        Assert.Equal("aten::matmul", error.Operator);
    }

    [ManagedDoorFact]
    public void Call_ArgumentOfAnotherType_KeepsNoReferenceToTheOthers()
    {
        const int calls = 100, mebibytes = 8;
        var operation = new Operator("aten::matmul");
        Refuse();
        long before = Environment.WorkingSet;
        for (int i = 0; i < calls; i++)
            Refuse();
        // Every tensor that was kept would add to it.
        Assert.InRange(Environment.WorkingSet - before, long.MinValue, calls * mebibytes * 1024L * 1024 / 4);

        void Refuse()
        {
            using Tensor x = Tensor.Full([mebibytes * 1024 * 256], 1);
            Assert.Contains("'other'", Assert.ThrowsAny<TorchException>(() => operation.Call(x, 3L)).Message, StringComparison.Ordinal);
        }
    }

    [ManagedDoorFact]
    public unsafe void Wrap_CopiesAndLetsTheOwnerGo()
    {
        (WeakReference owner, Tensor tensor) = Wrapped();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        Assert.False(owner.IsAlive);
        using (tensor)
            Assert.Equal([1, 2, 3], tensor.ToArray<int>());

        [MethodImpl(MethodImplOptions.NoInlining)]
        static (WeakReference Owner, Tensor Tensor) Wrapped()
        {
            int[] values = [1, 2, 3];
            fixed (int* data = values)
                return (new WeakReference(values), Tensor.Wrap(data, ScalarType.Int32, [3], values));
        }
    }

    // The rules of libtorch for numbers beside tensors, which the compiled door follows by itself: hence in both runs.
    [Fact]
    public void Numbers_BesideTensors_DecideTheTypeByKind()
    {
        using var scope = new TensorScope();
        Tensor bytes = Tensor.From(new byte[] { 250, 1 }, 2), half = Tensor.From([1f, 2], 2).To(ScalarType.BFloat16),
            truth = Tensor.From([true, false], 2), one = Tensor.Scalar(1, ScalarType.BFloat16), wide = Tensor.From([1.0, 2], 2);
        Assert.Equal(ScalarType.UInt8, (bytes + 10L).ScalarType);
        Assert.Equal(new byte[] { 4, 11 }, (bytes + 10L).ToArray<byte>());
        Assert.Equal(ScalarType.Float32, (bytes * 0.5).ScalarType);
        Assert.Equal(ScalarType.BFloat16, (half * 0.1).ScalarType);
        Assert.Equal(ScalarType.BFloat16, (one + 0.5).ScalarType);
        Assert.Equal(ScalarType.Int64, (truth + 1L).ScalarType);
        Assert.Equal([1.1, 2.1], (wide + 0.1).ToArray<double>());
        Assert.Equal(ScalarType.Int64, (Tensor.From([1L], 1) + Tensor.From(new[] { 1 }, 1)).ScalarType);
        Assert.Equal(ScalarType.Int32, (Tensor.From([1], 1) - Tensor.Scalar(1, ScalarType.Int64)).ScalarType);
        Assert.Equal([3L, 4], (Tensor.From([1L, 2], 2) + Tensor.From([2L], 1)).ToArray<long>());
    }

    [Fact]
    public void Sums_WithFactorsAndProducts_MatchHandComputation()
    {
        using var scope = new TensorScope();
        Tensor x = Tensor.From([1f, 2, 3, 4], 2, 2), y = Tensor.From([10f, 20, 30, 40], 2, 2);
        x.AddInPlace(y, 0.5);
        Assert.Equal([6f, 12, 18, 24], x.ToArray<float>());
        Assert.Equal([3f, -3, -9, -15], (9.0 - x).ToArray<float>());
        Tensor mixing = Tensor.From([1f, 1, 1, 2], 2, 2);
        Assert.Equal([58f, 96, 124, 172], new Operator("aten::addmm").Call(x, mixing, y, 3.0, 1.0).ToArray<float>());
        x.FillInPlace(1);
        new Operator("aten::index_add_").Run(x, 0L, Tensor.From([1L, 1], 2), y);
        Assert.Equal([1f, 1, 41, 61], x.ToArray<float>());
        Assert.Equal([1f, 1, 7, 7], x.Clamp(0.5, 7).ToArray<float>());
        Assert.Equal([1f, 1, 1681, 3721], x.Pow(2).ToArray<float>());
        Assert.Equal([0f, 0, -1, -1], x.IsGreater(2).To(ScalarType.Float32).MaskedFill(x.IsGreater(2), -1).ToArray<float>());
        Assert.Equal([3L, 5, 7], Tensor.Arange(3, 9, 2, ScalarType.Int64).ToArray<long>());
        Assert.Equal([0f, 5, 0], Functional.PadZeros(Tensor.From([5f], 1, 1, 1, 1), 1, 1, 0, 0).ToArray<float>());
    }

    private static void Refused(Action action)
    {
        var error = Assert.ThrowsAny<TorchException>(action);
        Assert.Contains("docs/doors.md", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }
}
