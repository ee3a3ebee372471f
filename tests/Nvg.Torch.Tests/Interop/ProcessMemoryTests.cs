using System.Globalization;
using Nvg.Torch.Interop;

namespace Nvg.Torch.Tests.Interop;

/// <summary>Memory that is freed stays with the process: the next tensor does not ask the system for it again, page by page.</summary>
[Collection(RunsAlone.Name)]
public class ProcessMemoryTests
{
    private const int Rounds = 20, Mebibytes = 24, PagesPerMebibyte = 256;

    [Fact]
    public void KeepFreed_TensorsOfASize_TakeTheSamePagesAgain()
    {
        if (!OperatingSystem.IsLinux() || ProcessMemory.IsSet)
            return;
        int threads = TorchRuntime.ThreadCount;
        ProcessMemory.KeepFreed();
        long before, after;
        try
        {
            // Only this thread's faults are counted.
            TorchRuntime.ThreadCount = 1;
            Touch();
            before = PageFaults();
            for (int i = 0; i < Rounds; i++)
                Touch();
            after = PageFaults();
        }
        finally
        {
            TorchRuntime.ThreadCount = threads;
        }

        // Without it, it is more than two thirds. The allocator still returns a region of a thread that is completely free.
        Assert.InRange(after - before, 0, Rounds * Mebibytes * PagesPerMebibyte / 2);
    }

    private static void Touch()
    {
        using Tensor tensor = Tensor.Full([Mebibytes * 1024 * 256], 1);
        Assert.Equal(1, tensor.Max().Item());
    }

    // Minor faults of this thread: the tenth field, the eighth after the name in brackets.
    private static long PageFaults()
    {
        string text = File.ReadAllText("/proc/thread-self/stat");
        return long.Parse(text[(text.LastIndexOf(')') + 2)..].Split(' ')[7], CultureInfo.InvariantCulture);
    }
}
