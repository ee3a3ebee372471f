using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Nvg.Imaging;
using Nvg.Server.Observability;

namespace Nvg.Server.Scheduling;

/// <summary>The thread that computes the images of a queue, pass after pass.</summary>
internal sealed class Worker : IDisposable
{
    private readonly ImageQueue _queue;
    private readonly IImageEngine _engine;
    private readonly WorkerHealth _health;
    private readonly ServerMetrics _metrics;
    private readonly ILogger<Worker> _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Thread _thread;
    private int _running;

    public Worker(ImageQueue queue, IImageEngine engine, WorkerHealth health, ServerMetrics metrics, ILogger<Worker> logger)
    {
        (_queue, _engine, _health, _metrics, _logger) = (queue, engine, health, metrics, logger);
        _thread = new Thread(Loop) { IsBackground = true, Name = "nvg worker" };
        metrics.ObserveQueue(() => queue.Waiting, () => Running);
    }

    /// <summary>Number of images that are being computed.</summary>
    internal int Running => Volatile.Read(ref _running);

    internal void Start() => _thread.Start();

    /// <summary>Stops the worker before its next forward pass, and waits until it has stopped.</summary>
    internal void Stop()
    {
        _stopping.Cancel();
        if (_thread.IsAlive)
            _thread.Join();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stop();
        _stopping.Dispose();
    }

    private void Loop()
    {
        try
        {
            while (true)
                Run(_queue.Take(_stopping.Token));
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The server is stopping.
        }
        catch (Exception error)
        {
            _logger.LogCritical(error, "the worker ended");
        }
        finally
        {
            _health.Ended();
        }
    }

    private void Run(List<ImageTask> pass)
    {
        Volatile.Write(ref _running, pass.Count);
        try
        {
            foreach (ImageTask task in pass)
                _metrics.RecordWait(Stopwatch.GetElapsedTime(task.Since));
            foreach (IGrouping<IPassListener, ImageTask> group in pass.GroupBy(t => t.Listener))
                group.Key.Started([.. group.Select(t => t.Index)]);
            if (!TryCompute(pass, out Exception? error) && pass.Count > 1)
            {
                // One image that cannot be computed must not affect the others. Batches are filled, so single images get the same bytes.
                _logger.LogWarning(error, "a pass of {Count} images failed; they are computed one by one", pass.Count);
                foreach (ImageTask task in pass.Where(t => !t.IsCancelled))
                {
                    if (!TryCompute([task], out error))
                        task.Listener.Failed(task.Index, error!);
                }
            }
            else if (error is not null)
            {
                pass[0].Listener.Failed(pass[0].Index, error);
            }
        }
        finally
        {
            Volatile.Write(ref _running, 0);
        }
    }

    // Returns true if the pass was computed or nobody wants it any more.
    private bool TryCompute(List<ImageTask> pass, out Exception? error)
    {
        error = null;
        using var nobody = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        int wanted = pass.Count;
        CancellationTokenRegistration[] leaving = [.. pass.Select(t => t.Cancellation.UnsafeRegister(
            _ =>
            {
                if (Interlocked.Decrement(ref wanted) == 0)
                    nobody.Cancel();
            },
            null))];
        try
        {
            Compute(pass, nobody.Token);
            return true;
        }
        catch (OperationCanceledException) when (nobody.IsCancellationRequested)
        {
            _health.Cancelled();
            return true;
        }
        catch (Exception failed)
        {
            _health.Failed();
            _logger.LogError(failed, "images of {Model} could not be computed", pass[0].Model.Name);
            error = failed;
            return false;
        }
        finally
        {
            foreach (CancellationTokenRegistration registration in leaving)
                registration.Dispose();
        }
    }

    private void Compute(List<ImageTask> pass, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp(), stageStart = start;
        _health.Progress();
        _metrics.RecordPass(pass.Count);
        IReadOnlyList<GeneratedImage> images = _engine.Run(pass, OnStage, cancellation);
        int wanted = 0;
        for (int i = 0; i < pass.Count; i++)
        {
            if (pass[i].IsCancelled)
                continue;
            pass[i].Listener.Completed(pass[i].Index, images[i]);
            wanted++;
        }

        _health.Succeeded(Stopwatch.GetElapsedTime(start), pass.Count);
        _metrics.CountImages(pass[0].Model.Name, wanted);

        void OnStage(int stage, int[][] structures, IReadOnlyList<RgbImage?> previews)
        {
            _metrics.RecordStage(Stopwatch.GetElapsedTime(stageStart));
            _health.Progress();
            foreach (var group in pass.Index().Where(t => !t.Item.IsCancelled).GroupBy(t => t.Item.Listener))
                group.Key.StageDone(stage, [.. group.Select(t => (t.Item.Index, structures[t.Index], previews[t.Index]))]);
            stageStart = Stopwatch.GetTimestamp();
        }
    }
}
