using Nvg.Imaging;
using Nvg.Server.Scheduling;

namespace Nvg.Server.Tests;

/// <summary>An engine that computes a pass only when it is let, so that tests decide what waits; it can be told to fail.</summary>
internal sealed class GatedEngine : IImageEngine, IDisposable
{
    private readonly ModelEngine _engine = new();
    private readonly SemaphoreSlim _gate = new(0);
    private readonly List<string[]> _passes = [];

    /// <summary>Thrown instead of computing, or null.</summary>
    internal Func<IReadOnlyList<ImageTask>, Exception?> Failure { get; set; } = _ => null;

    /// <summary>Clients of the images of every pass that has begun.</summary>
    internal IReadOnlyList<string[]> Passes
    {
        get
        {
            lock (_passes)
                return [.. _passes];
        }
    }

    /// <summary>Lets some passes go on.</summary>
    internal void Open(int passes = 1 << 20) => _gate.Release(passes);

    public IReadOnlyList<GeneratedImage> Run(
        IReadOnlyList<ImageTask> pass, Action<int, int[][], IReadOnlyList<RgbImage?>> onStage, CancellationToken cancellation)
    {
        lock (_passes)
            _passes.Add([.. pass.Select(t => t.Client)]);
        _gate.Wait(cancellation);
        return Failure(pass) is { } failure ? throw failure : _engine.Run(pass, onStage, cancellation);
    }

    public void Dispose() => _gate.Dispose();
}
