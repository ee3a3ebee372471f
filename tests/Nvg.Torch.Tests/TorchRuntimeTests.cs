namespace Nvg.Torch.Tests;

[Collection(RunsAlone.Name)]
public sealed class TorchRuntimeTests
{
    // OpenMP keeps the number of threads per thread.
    [Fact]
    public void ThreadCount_SetOnOneThread_HoldsOnThreadsThatComputedBefore()
    {
        int before = TorchRuntime.ThreadCount;
        using var computed = new ManualResetEventSlim();
        using var changed = new ManualResetEventSlim();
        int seen = 0;
        var other = new Thread(() =>
        {
            seen = TorchRuntime.ThreadCount;
            computed.Set();
            changed.Wait();
            seen = TorchRuntime.ThreadCount;
        });
        try
        {
            TorchRuntime.ThreadCount = 1;
            other.Start();
            computed.Wait();
            TorchRuntime.ThreadCount = 3;
            changed.Set();
            other.Join();
            Assert.Equal(3, seen);
            Assert.Equal(3, TorchRuntime.ThreadCount);
        }
        finally
        {
            TorchRuntime.ThreadCount = before;
        }
    }
}
