using System.Runtime.CompilerServices;
using Nvg.Torch.Nn;

namespace Nvg.Torch.Tests;

[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public class OwnershipTests
{
    [Fact]
    public void Keep_NestedScopes_HandsToTheParentOnly()
    {
        long before = Tensor.LiveCount;
        using (var outer = new TensorScope())
        {
            Tensor kept;
            using (var inner = new TensorScope())
            {
                kept = inner.Keep(Tensor.Zeros([1]));
                Assert.Same(kept, inner.Keep(kept));
            }

            Assert.Equal(before + 1, Tensor.LiveCount);
            Assert.Equal(0, kept.Item());
        }

        Assert.Equal(before, Tensor.LiveCount);
    }

    [Fact]
    public void Keep_TensorOfOuterScope_LeavesItThere()
    {
        long before = Tensor.LiveCount;
        using (var outer = new TensorScope())
        {
            Tensor x = Tensor.Zeros([1]);
            using (var inner = new TensorScope())
                inner.Keep(x);
            Assert.Equal(0, x.Item());
        }

        Assert.Equal(before, Tensor.LiveCount);
    }

    [Fact]
    public void Own_InsideScopes_OutlivesAll()
    {
        Tensor owned;
        using (var outer = new TensorScope())
        using (var inner = new TensorScope())
            owned = Tensor.From([3f], 1).Own();
        Assert.Equal(3, owned.Item());
        owned.Dispose();
    }

    [Fact]
    public void Scope_DisposedOutOfOrder_Throws()
    {
        var outer = new TensorScope();
        var inner = new TensorScope();
        Tensor x = Tensor.Zeros([1]);
        try
        {
            outer.Dispose();
            Assert.Fail("the outer scope must not close before the inner one");
        }
        catch (InvalidOperationException)
        {
            Assert.Equal(0, x.Item());
        }

        inner.Dispose();
        inner.Dispose();
        outer.Dispose();
        Assert.Equal("disposed tensor", x.ToString());
    }

    [Fact]
    public void Scope_Exception_FreesEverything()
    {
        long before = Tensor.LiveCount;
        Assert.ThrowsAny<TorchException>(() =>
        {
            using var scope = new TensorScope();
            Tensor x = Tensor.Zeros([2, 3]);
            _ = x + x;
            x.Matmul(x);
        });
        Assert.Equal(before, Tensor.LiveCount);
    }

    [Fact]
    public void Scope_OtherThread_SeesItsOwnOnly()
    {
        using var scope = new TensorScope();
        Tensor? made = null;
        RunOnThread(() => made = Tensor.Zeros([1]));
        using (var inner = new TensorScope())
            inner.Keep(made!);
        Assert.Equal(0, made!.Item());
        made.Dispose();
    }

    [Fact]
    public void Dispose_Twice_CountsOnce()
    {
        long before = Tensor.LiveCount;
        Tensor x = Tensor.Zeros([1]);
        x.Dispose();
        x.Dispose();
        Assert.Equal(before, Tensor.LiveCount);
    }

    [Fact]
    public void Dispose_OwnerBeforeView_ViewStaysValid()
    {
        Tensor x = Tensor.From([1f, 2, 3, 4], 2, 2);
        Tensor view = x.Select(0, 1);
        x.Dispose();
        using Tensor sum = view.Sum();
        view.Dispose();
        Assert.Equal(7, sum.Item());
    }

    [Fact]
    [Trait(TorchDoors.Trait, TorchDoors.Compiled)]
    public void Dispose_InputsBeforeBackward_AutogradKeepsItsOwn()
    {
        using Tensor x = Tensor.From([2f], 1);
        x.RequiresGrad = true;
        Tensor square = x.Square(), loss = square.Sum();
        square.Dispose();
        loss.Backward();
        loss.Dispose();
        using Tensor? grad = x.Grad;
        Assert.Equal(4, grad!.Item());
    }

    [Fact]
    public void Dispose_FromManyThreads_CountsEachTensorOnce()
    {
        long before = Tensor.LiveCount;
        Tensor[] tensors = [.. Enumerable.Range(0, 2000).Select(i => Tensor.From([(float)i], 1))];
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, worker =>
        {
            foreach (Tensor tensor in worker % 2 == 0 ? tensors : tensors.Reverse())
                tensor.Dispose();
        });
        Assert.Equal(before, Tensor.LiveCount);
    }

    [Fact]
    public void Call_WhileOthersDispose_IsValidOrRefused()
    {
        int computed = 0;
        for (int round = 0; round < 300; round++)
        {
            Tensor x = Tensor.Full([64], 2);
            var start = new ManualResetEventSlim();
            var disposer = new Thread(() =>
            {
                start.Wait();
                x.Dispose();
            });
            disposer.Start();
            start.Set();
            try
            {
                using Tensor sum = x.Sum();
                Assert.Equal(128, sum.Item());
                computed++;
            }
            catch (ObjectDisposedException)
            {
                // The other thread was first.
            }

            disposer.Join();
        }

        Assert.InRange(computed, 0, 300);
    }

    [Fact]
    public void Call_UnderGarbageCollection_ComputesOnLiveMemory()
    {
        using var stop = new CancellationTokenSource();
        var collector = new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                GC.Collect();
                // Collections without a pause would not let the other thread run.
                Thread.Sleep(1);
            }
        });
        collector.Start();
        try
        {
            for (int i = 0; i < 300; i++)
            {
                using var scope = new TensorScope();
                Tensor x = Tensor.Full([100], i);
                Assert.Equal(100.0 * (2 * i + 1), (x + x + 1.0).Sum().Item(), 1e-3);
            }
        }
        finally
        {
            stop.Cancel();
            collector.Join();
        }
    }

    [Fact]
    [Trait(TorchDoors.Trait, TorchDoors.Compiled)]
    public unsafe void Wrap_Views_HoldTheOwnerUntilTheLastGoes()
    {
        (WeakReference owner, Tensor view) = WrapArray();
        Collect();
        Assert.True(owner.IsAlive);
        Assert.Equal([2, 3], view.ToArray<int>());
        view.Dispose();
        Collect();
        Assert.False(owner.IsAlive);
    }

    [Fact]
    public unsafe void Wrap_ImpossibleShape_ReleasesTheOwner()
    {
        WeakReference owner = Attempt();
        Collect();
        Assert.False(owner.IsAlive);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference Attempt()
        {
            var holder = new object();
            int value = 0;
            try
            {
                Tensor.Wrap(&value, ScalarType.Int32, [-1], holder);
                Assert.Fail("a negative size must be refused");
            }
            catch (TorchArgumentException)
            {
                // As it should be.
            }

            return new WeakReference(holder);
        }
    }

    [Fact]
    public void ParameterStore_Dispose_FreesWhatItTook()
    {
        long before = Tensor.LiveCount;
        var store = new ParameterStore();
        using (var scope = new TensorScope())
        {
            store.Add("a", Tensor.Zeros([2]));
            store.Add("b", Tensor.Zeros([3, 2]), isBuffer: true);
        }

        Assert.Equal((before + 2, 2L), (Tensor.LiveCount, store.ParameterCount));
        using (ParameterStore copy = store.CloneDetached())
        {
            copy["a"].FillInPlace(1);
            Assert.Equal([0f, 0], store["a"].ToArray<float>());
            Assert.True(copy.IsBuffer("b"));
            Assert.Equal(["a"], copy.TrainableNames);
        }

        store.Dispose();
        Assert.Equal(before, Tensor.LiveCount);
    }

    [Fact]
    public void LiveAllocations_Tracked_ShowTheCreator()
    {
        Tensor.TrackAllocations();
        using (Tensor x = Tensor.Zeros([1]))
            Assert.Contains(Tensor.LiveAllocations, a =>
                a.Contains(nameof(LiveAllocations_Tracked_ShowTheCreator), StringComparison.Ordinal));
        Assert.DoesNotContain(Tensor.LiveAllocations, a =>
            a.Contains(nameof(LiveAllocations_Tracked_ShowTheCreator), StringComparison.Ordinal));
    }

    // Not inlined, so that no local of the test holds what must become garbage.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe (WeakReference Owner, Tensor View) WrapArray()
    {
        int[] memory = GC.AllocateArray<int>(3, pinned: true);
        (memory[0], memory[1], memory[2]) = (1, 2, 3);
        fixed (int* data = memory)
        {
            using Tensor whole = Tensor.Wrap(data, ScalarType.Int32, [3], memory);
            return (new WeakReference(memory), whole.Narrow(0, 1, 2));
        }
    }

    private static void Collect()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    private static void RunOnThread(ThreadStart action)
    {
        var thread = new Thread(action);
        thread.Start();
        thread.Join();
    }
}

/// <summary>What happens to tensors that nobody disposes; they stay in the live count, so the leak check is not for these.</summary>
[Collection(RunsAlone.Name)]
public class FinalizationTests
{
    [Fact]
    public void Finalizer_UndisposedTensors_FreesNativeMemory()
    {
        WeakReference owner = Forget();
        for (int i = 0; i < 5 && owner.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.False(owner.IsAlive);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe WeakReference Forget()
    {
        byte[] memory = GC.AllocateArray<byte>(16, pinned: true);
        fixed (byte* data = memory)
        {
            Tensor whole = Tensor.Wrap(data, ScalarType.UInt8, [16], memory);
            for (int i = 0; i < 50; i++)
                _ = whole.Narrow(0, i % 16, 1);
        }

        return new WeakReference(memory);
    }
}
