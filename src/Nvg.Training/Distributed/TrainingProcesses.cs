using System.Text.Json;
using Nvg.Torch;
using Nvg.Torch.Distributed;

namespace Nvg.Training.Distributed;

/// <summary>
/// The processes that train together, seen from one of them: its rank, its share of a batch, and the collectives between them.
/// All processes call the same methods in the same order. Only rank 0 writes logs, images and checkpoints.
/// </summary>
public sealed class TrainingProcesses : IDisposable
{
    private readonly ProcessRendezvous? _rendezvous;
    private readonly FailureDiagnosis? _diagnosis;
    private readonly ProcessWatch? _watch;
    private (Tensor Flag, CollectiveWork Work)? _stopping;

    private TrainingProcesses() => Count = 1;

    private TrainingProcesses(
        LaunchEnvironment environment,
        Device device,
        ProcessSettings settings,
        Action<string> lost,
        Action<string>? waiting,
        CancellationToken cancellation)
    {
        (Rank, Count) = (environment.Rank, environment.WorldSize);
        _rendezvous = new ProcessRendezvous(environment, device, settings, waiting, cancellation);
        _diagnosis = new FailureDiagnosis(_rendezvous.Store, Rank, Count);
        _watch = new ProcessWatch(_rendezvous.Connect, Rank, Count, settings.LostAfter, reason => ReportLoss(reason, lost));
    }

    /// <summary>A single process.</summary>
    public static TrainingProcesses Single { get; } = new();

    /// <summary>Rank of this process, from 0.</summary>
    public int Rank { get; }

    /// <summary>Number of processes.</summary>
    public int Count { get; }

    /// <summary>Whether this process writes logs, images, checkpoints and the model.</summary>
    public bool IsFirst => Rank == 0;

    /// <summary>Whether all processes have stopped early by agreement.</summary>
    public bool HaveStopped { get; private set; }

    /// <summary>
    /// Called on the watch thread, before this process ends, with the reason why the run cannot continue. Not used for a single
    /// process.
    /// </summary>
    internal Action<string>? Failing { get; set; }

    /// <summary>Joins the other processes of a launch.</summary>
    /// <param name="environment">Ranks and address; null for a single process.</param>
    /// <param name="device">The training device.</param>
    /// <param name="settings">Timeouts and network.</param>
    /// <param name="lost">
    /// Called once, on another thread, when the run cannot continue. The process should then end, because the training thread may
    /// be blocked.
    /// </param>
    /// <param name="waiting">Receives a line while this process waits for the others; null for none.</param>
    /// <param name="cancellation">Ends the wait for the others.</param>
    /// <exception cref="ProcessFailedException">Not all processes arrived, or this build has no process groups.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public static TrainingProcesses Join(
        LaunchEnvironment? environment,
        Device device,
        ProcessSettings settings,
        Action<string> lost,
        Action<string>? waiting = null,
        CancellationToken cancellation = default) =>
        environment is null or { WorldSize: 1 }
            ? Single
            : new TrainingProcesses(environment, device, settings, lost, waiting, cancellation);

    /// <summary>The examples of a batch that this process works on.</summary>
    /// <param name="total">Examples in the batch.</param>
    public BatchShare ShareOf(int total) => BatchShare.Of(total, Rank, Count);

    /// <summary>Replaces a tensor with its sum over all processes.</summary>
    public void SumInPlace(Tensor tensor)
    {
        if (_rendezvous is null)
            return;
        using CollectiveWork work = _rendezvous.Data.AllReduce(tensor);
        work.Wait();
    }

    /// <summary>The rows of all processes, in batch order.</summary>
    /// <param name="own">The rows of this process, outside autograd.</param>
    /// <param name="total">Rows in the whole batch.</param>
    /// <returns>A new tensor; an alias for a single process.</returns>
    public Tensor Gather(Tensor own, int total)
    {
        if (_rendezvous is null)
            return own.Alias();
        using var scope = new TensorScope();
        long[] shape = [total, .. own.Shape[1..]];
        Tensor all = Tensor.Zeros(shape, own.ScalarType, own.Device);
        ShareOf(total).Of(all).CopyFrom(own);
        SumInPlace(all);
        return scope.Keep(all);
    }

    /// <summary>Replaces tensors with those of rank 0.</summary>
    public void Broadcast(IEnumerable<Tensor> tensors)
    {
        if (_rendezvous is null)
            return;
        using GradMode noGrad = Autograd.NoGrad();
        foreach (Tensor tensor in tensors)
        {
            using Tensor sent = tensor.Contiguous();
            using (CollectiveWork work = _rendezvous.Data.Broadcast(sent))
                work.Wait();
            if (!tensor.IsContiguous)
                tensor.CopyFrom(sent);
        }
    }

    /// <summary>Returns the number that rank 0 passes.</summary>
    public long Broadcast(long number)
    {
        if (_rendezvous is null)
            return number;
        using Tensor tensor = Tensor.From([number], 1);
        using CollectiveWork work = _rendezvous.Control.Broadcast(tensor);
        work.Wait();
        return tensor.ToArray<long>()[0];
    }

    /// <summary>Returns the bytes that every process passes, by rank.</summary>
    public byte[][] GatherBytes(byte[] own)
    {
        if (_rendezvous is null)
            return [own];
        using var scope = new TensorScope();
        Tensor lengths = Tensor.From(Enumerable.Range(0, Count).Select(r => r == Rank ? (long)own.Length : 0).ToArray(), Count);
        Reduce(lengths);
        long[] sizes = lengths.ToArray<long>();
        byte[] all = new byte[sizes.Sum()];
        own.CopyTo(all, (int)sizes.Take(Rank).Sum());
        Tensor texts = Tensor.From(all, all.Length);
        if (all.Length > 0)
            Reduce(texts);
        byte[] received = texts.ToArray<byte>();
        return [.. sizes.Select((size, r) => received.AsSpan((int)sizes.Take(r).Sum(), (int)size).ToArray())];
    }

    /// <summary>Waits until all processes have reached this call.</summary>
    public void Barrier()
    {
        if (_rendezvous is null)
            return;
        using Tensor token = Tensor.Zeros([1]);
        Reduce(token);
    }

    /// <summary>
    /// Whether the run should stop because any process was asked to stop. The answer is the same in all processes. It is the
    /// result of the previous call, so that no step waits for it.
    /// </summary>
    /// <param name="own">Whether this process was asked to stop.</param>
    public bool AgreeToStop(bool own)
    {
        if (_rendezvous is null)
            return own;
        bool stop = TakeAgreement();
        Tensor asked = Tensor.Full([1], own ? 1 : 0).Own();
        _stopping = (asked, _rendezvous.Control.AllReduce(asked, ReduceOperation.Maximum));
        return stop;
    }

    /// <summary>Waits until all processes have stopped by agreement.</summary>
    public void Stop()
    {
        Barrier();
        HaveStopped = Count > 1;
    }

    /// <summary>A reducer of gradients over the processes, or null for a single process.</summary>
    /// <param name="parameters">Learned parameters, in the order of the forward pass.</param>
    public GradientReducer? ReducerOf(IEnumerable<Tensor> parameters) =>
        _rendezvous is null ? null : new GradientReducer(parameters, _rendezvous.Data);

    /// <summary>Means over all processes of terms that each has summed over its own share.</summary>
    internal IReadOnlyList<KeyValuePair<string, double>> MergeTerms(IReadOnlyList<TermSum> own)
    {
        if (_rendezvous is null)
            return [.. own.Select(t => KeyValuePair.Create(t.Name, t.Sum / t.Count))];
        byte[][] all = GatherBytes(JsonSerializer.SerializeToUtf8Bytes(own, TermSum.Json));
        return [.. all.SelectMany(bytes => JsonSerializer.Deserialize<TermSum[]>(bytes, TermSum.Json)!)
            .GroupBy(t => t.Name)
            .Select(g => KeyValuePair.Create(g.Key, g.Sum(t => t.Sum) / g.Sum(t => t.Count)))];
    }

    /// <summary>
    /// Explains a failed collective or an error of this process: reports it to the others, and finds out which of them no longer
    /// respond. Afterwards, only this method, which repeats its explanation, and <see cref="Dispose"/> may be called.
    /// </summary>
    /// <param name="error">The error in this process.</param>
    /// <returns>Null if rank 0 reports the same error, for example if the same file is missing for all processes.</returns>
    public string? Explain(Exception error) => _diagnosis is null ? error.Message : _diagnosis.Explain(error);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_rendezvous is null)
            return;
        if (_diagnosis!.HasFailed)
        {
            // Pending collectives may wait for a lost process; they end with this one.
            _rendezvous.Abandon();
            return;
        }

        TakeAgreement();
        // No process stops watching before all have arrived here, and the store lives until no process is watching.
        Barrier();
        _watch!.Dispose();
        Barrier();
        _rendezvous.Dispose();
    }

    private void ReportLoss(string reason, Action<string> lost)
    {
        try
        {
            Failing?.Invoke($"rank {Rank}: {reason}");
        }
        catch (IOException)
        {
            // The disk of the log is full; that must not keep the process alive.
        }
        finally
        {
            lost($"rank {Rank}: {reason}");
        }
    }

    private bool TakeAgreement()
    {
        if (_stopping is not var (flag, work))
            return false;
        _stopping = null;
        using (flag)
        using (work)
        {
            work.Wait();
            return flag.Item() > 0;
        }
    }

    private void Reduce(Tensor tensor)
    {
        using CollectiveWork work = _rendezvous!.Control.AllReduce(tensor);
        work.Wait();
    }
}
