using System.Diagnostics;
using Nvg.Torch;
using Nvg.Torch.Distributed;
using Nvg.Training.Ownership;

namespace Nvg.Training.Distributed;

/// <summary>
/// The rendezvous of the processes of a run: the store served by rank 0, and the two process groups built on it (one for
/// gradients on the training device, one for small values on the CPU). Construction blocks until all processes have arrived.
/// </summary>
internal sealed class ProcessRendezvous : IDisposable
{
    // A rank may wait a long time for another that writes a checkpoint or encodes a data set. Lost ranks are detected separately.
    private static readonly TimeSpan CollectiveTimeout = TimeSpan.FromDays(2);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    private readonly OwnedObjects _owned = new();
    private readonly LaunchEnvironment _environment;
    private readonly ProcessSettings _settings;

    /// <param name="environment">Ranks and address.</param>
    /// <param name="device">The training device; determines the backend of the data group.</param>
    /// <param name="settings">Timeouts and network.</param>
    /// <param name="waiting">Receives a line while this process waits for others; null for none.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="ProcessFailedException">Not all processes arrived, or this build has no process groups.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    internal ProcessRendezvous(
        LaunchEnvironment environment, Device device, ProcessSettings settings, Action<string>? waiting, CancellationToken cancellation)
    {
        (_environment, _settings) = (environment, settings);
        ProcessGroupBackend backend = device.Type == DeviceType.Cuda ? ProcessGroupBackend.Nccl : ProcessGroupBackend.Gloo;
        RequireBackend(ProcessGroupBackend.Gloo);
        RequireBackend(backend);
        using OwnedObjects.Construction construction = _owned.Construct();
        try
        {
            var announcement = new WaitAnnouncement(settings.AnnounceWaitAfter, waiting);
            Store = _owned.Add(ConnectFirst(announcement, cancellation));
            AwaitAll(announcement, cancellation);
            Control = _owned.Add(Group(ProcessGroupBackend.Gloo, "control"));
            Data = _owned.Add(Group(backend, "data"));
        }
        catch (TorchException error)
        {
            throw new ProcessFailedException(
                $"rank {environment.Rank} of {environment.WorldSize} could not reach the others at {Place}: {error.Message}", error);
        }

        construction.Complete();
    }

    /// <summary>The store that all processes share.</summary>
    internal KeyValueStore Store { get; }

    /// <summary>The group for small values, on the CPU.</summary>
    internal ProcessGroup Control { get; }

    /// <summary>The group for gradients, on the training device.</summary>
    internal ProcessGroup Data { get; }

    private string Place => $"{_environment.Address}:{_environment.Port} ({_environment.Launcher})";

    /// <summary>Opens another client of the store, for use by a separate thread.</summary>
    internal KeyValueStore Connect() => Connect(serve: false);

    /// <summary>Abandons the groups without waiting for collectives that may never complete.</summary>
    internal void Abandon()
    {
        Control.Abandon();
        Data.Abandon();
    }

    /// <inheritdoc/>
    public void Dispose() => _owned.Dispose();

    private static void RequireBackend(ProcessGroupBackend backend)
    {
        if (!ProcessGroup.Has(backend))
        {
            throw new ProcessFailedException(
                $"training with several processes needs {backend}, which this build of libnvg_torch lacks; "
                + "see 'Groups of processes' in docs/building.md");
        }
    }

    private KeyValueStore Connect(bool serve) => new(_environment.Address, _environment.Port, serve, _settings.MeetingTimeout);

    // The native client blocks until the server answers, so it connects on a separate thread and this one stays responsive.
    private KeyValueStore ConnectFirst(WaitAnnouncement announcement, CancellationToken cancellation)
    {
        Task<KeyValueStore> connecting = Task.Factory.StartNew(
            () => Connect(_environment.Rank == 0), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        while (!((IAsyncResult)connecting).AsyncWaitHandle.WaitOne(Poll))
        {
            if (cancellation.IsCancellationRequested)
            {
                // A connection that is made after that is closed again.
                _ = connecting.ContinueWith(
                    late => late.Result.Dispose(),
                    CancellationToken.None,
                    TaskContinuationOptions.OnlyOnRanToCompletion,
                    TaskScheduler.Default);
                throw new OperationCanceledException(cancellation);
            }

            announcement.Report($"waiting for rank 0 at {Place}");
        }

        return connecting.GetAwaiter().GetResult();
    }

    private void AwaitAll(WaitAnnouncement announcement, CancellationToken cancellation)
    {
        const string key = "came";
        int count = _environment.WorldSize;
        long arrived = Store.Add(key, 1);
        var clock = Stopwatch.StartNew();
        while (arrived < count)
        {
            cancellation.ThrowIfCancellationRequested();
            if (clock.Elapsed > _settings.MeetingTimeout)
            {
                throw new ProcessFailedException(
                    $"rank {_environment.Rank}: {arrived} of {count} processes reached {Place} within "
                    + $"{_settings.MeetingTimeout.TotalSeconds:F0} s: start all of them, and check that they can reach each other");
            }

            announcement.Report($"waiting at {Place} for {count - arrived} of {count} processes");
            Thread.Sleep(Poll);
            arrived = Store.Add(key, 0);
        }
    }

    private ProcessGroup Group(ProcessGroupBackend backend, string name)
    {
        string? local = IsLoopback(_environment.Address) ? "127.0.0.1" : null;
        return new ProcessGroup(
            Store, backend, name, _environment.Rank, _environment.WorldSize, CollectiveTimeout, _settings.Network, local);
    }

    private static bool IsLoopback(string address) =>
        address is "localhost" or "::1" || address.StartsWith("127.", StringComparison.Ordinal);
}
