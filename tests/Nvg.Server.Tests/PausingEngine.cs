using Nvg.Imaging;
using Nvg.Server.Scheduling;

namespace Nvg.Server.Tests;

/// <summary>An engine that computes a pass up to a stage and then waits until the pass is cancelled.</summary>
/// <param name="stage">The stage after which it waits.</param>
internal sealed class PausingEngine(int stage) : IImageEngine, IDisposable
{
    private readonly ModelEngine _engine = new();
    private readonly ManualResetEventSlim _reached = new();

    private volatile int _finished;

    /// <summary>Whether it waits after the stage.</summary>
    internal bool IsPaused => _reached.IsSet;

    /// <summary>Stages that were finished of all passes.</summary>
    internal int Finished => _finished;

    public IReadOnlyList<GeneratedImage> Run(
        IReadOnlyList<ImageTask> pass, Action<int, int[][], IReadOnlyList<RgbImage?>> onStage, CancellationToken cancellation) =>
        _engine.Run(
            pass,
            (index, maps, previews) =>
            {
                onStage(index, maps, previews);
                Interlocked.Increment(ref _finished);
                if (index != stage || _reached.IsSet)
                    return;
                _reached.Set();
                cancellation.WaitHandle.WaitOne(TestServer.Patience);
            },
            cancellation);

    public void Dispose() => _reached.Dispose();
}
