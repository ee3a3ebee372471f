namespace Nvg.Imaging.Tests;

/// <summary>How many threads libvips has, and that any number of callers share them.</summary>
[Collection(RunsAlone.Name)]
public class ImageLibraryTests
{
    private const string WorkerName = "libvips worker";

    [Fact]
    public void Load_Threads_AreOfAFixedNumberThatDoesNotGrow()
    {
        if (!OperatingSystem.IsLinux() || Environment.GetEnvironmentVariable("VIPS_MAX_THREADS") is not null)
            return;
        ImageFile.Encode(Images.Gradient(40, 30), ImageFormat.Png);
        int workers = CountWorkers();
        Assert.InRange(workers, 3 * ImageLibrary.MostCalls, int.MaxValue);
        EncodeFromManyThreads();
        Assert.Equal(workers, CountWorkers());
    }

    [Fact]
    public void Encode_ManyMoreCallersThanThreads_AllEnd() => EncodeFromManyThreads();

    private static void EncodeFromManyThreads()
    {
        const int images = 4;
        int callers = 8 * ImageLibrary.MostCalls;
        byte[] expected = ImageFile.Encode(Images.Gradient(300, 200), ImageFormat.Png);
        Task[] tasks = [.. Enumerable.Range(0, callers).Select(_ => Task.Factory.StartNew(
            () =>
            {
                for (int i = 0; i < images; i++)
                    Assert.Equal(expected, ImageFile.Encode(ImageFile.Decode(expected, "x"), ImageFormat.Png));
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        Assert.True(Task.WaitAll(tasks, TimeSpan.FromMinutes(2)));
    }

    private static int CountWorkers() => Directory.GetDirectories("/proc/self/task")
        .Count(task => File.Exists(Path.Combine(task, "comm")) && File.ReadAllText(Path.Combine(task, "comm")).Trim() == WorkerName);
}
