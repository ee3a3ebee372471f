using System.Diagnostics;
using System.Text.Json;
using Nvg.Torch;
using Nvg.Torch.Distributed;

namespace Nvg.Training.Distributed;

/// <summary>
/// The processes that train together, seen from one of them: who it is, what it works on, and what all must agree on.
/// All of them call the same methods in the same order. Rank 0 alone writes logs, images and checkpoints.
/// </summary>
public sealed class TrainingProcesses : IDisposable
{
    // A rank may wait long for another that writes a checkpoint or encodes a data set; that it lives is watched apart.
    private static readonly TimeSpan CollectiveTimeout = TimeSpan.FromDays(2);
    private static readonly TimeSpan RollCall = TimeSpan.FromSeconds(3);

    private readonly KeyValueStore? _store;
    private readonly ProcessGroup? _control;
    private readonly ProcessGroup? _data;
    private readonly ProcessWatch? _watch;
    private (Tensor Flag, CollectiveWork Work)? _stopping;
    private bool _failed;
    private (Exception Error, string? Reason)? _explained;

    private TrainingProcesses() => Count = 1;

    private TrainingProcesses(LaunchEnvironment environment, Device device, ProcessSettings settings, Action<string> lost)
    {
        (Rank, Count) = (environment.Rank, environment.WorldSize);
        ProcessGroupBackend backend = device.Type == DeviceType.Cuda ? ProcessGroupBackend.Nccl : ProcessGroupBackend.Gloo;
        foreach (ProcessGroupBackend needed in (ProcessGroupBackend[])[ProcessGroupBackend.Gloo, backend])
        {
            if (!ProcessGroup.Has(needed))
                throw new ProcessFailedException($"several processes need {needed}, which this build of libnvg_torch lacks: see 'Groups of processes' in docs/building.md");
        }

        string place = $"{environment.Address}:{environment.Port}";
        try
        {
            KeyValueStore Connect(bool serve) => new(environment.Address, environment.Port, serve, settings.MeetingTimeout);
            _store = Connect(Rank == 0);
            AwaitAll(_store, settings.MeetingTimeout, place, environment.Launcher);
            bool isLocal = environment.Address is "localhost" or "::1" || environment.Address.StartsWith("127.", StringComparison.Ordinal);
            string? local = isLocal ? "127.0.0.1" : null;
            _control = new ProcessGroup(_store, ProcessGroupBackend.Gloo, "control", Rank, Count, CollectiveTimeout, settings.Network, local);
            _data = new ProcessGroup(_store, backend, "data", Rank, Count, CollectiveTimeout, settings.Network, local);
            _watch = new ProcessWatch(() => Connect(false), Rank, Count, settings.LostAfter, reason =>
            {
                try
                {
                    Failing?.Invoke($"rank {Rank}: {reason}");
                }
                catch (IOException)
                {
                    // The disk that the log is on is full; that must not keep the process.
                }
                finally
                {
                    lost($"rank {Rank}: {reason}");
                }
            });
        }
        catch (TorchException error)
        {
            throw new ProcessFailedException($"rank {Rank} of {Count} could not meet the others at {place} ({environment.Launcher}): {error.Message}", error);
        }
    }

    /// <summary>One process alone.</summary>
    public static TrainingProcesses Single { get; } = new();

    /// <summary>Number of this process, from 0.</summary>
    public int Rank { get; }

    /// <summary>How many processes there are.</summary>
    public int Count { get; }

    /// <summary>Whether this process writes logs, images, checkpoints and the model.</summary>
    public bool IsFirst => Rank == 0;

    /// <summary>Whether all have agreed to stop before the end, and have.</summary>
    public bool HaveStopped { get; private set; }

    /// <summary>Told, on the thread that watches the others and before this process ends, why the run cannot go on. Not for a single process.</summary>
    internal Action<string>? Failing { get; set; }

    /// <summary>Meets the other processes of a launch.</summary>
    /// <param name="environment">Who and where they are; null for a single process.</param>
    /// <param name="device">What is trained on.</param>
    /// <param name="settings">Times and network.</param>
    /// <param name="lost">Told once, on another thread, when the run cannot go on; the training thread may then hang, so the process should end.</param>
    /// <exception cref="ProcessFailedException">They did not come, or this build has no process groups.</exception>
    public static TrainingProcesses Join(LaunchEnvironment? environment, Device device, ProcessSettings settings, Action<string> lost) =>
        environment is null or { WorldSize: 1 } ? Single : new TrainingProcesses(environment, device, settings, lost);

    /// <summary>The examples of a batch that this process works on.</summary>
    /// <param name="total">Examples of the batch.</param>
    public BatchShare ShareOf(int total) => BatchShare.Of(total, Rank, Count);

    /// <summary>Replaces a tensor by its sum over all processes.</summary>
    public void SumInPlace(Tensor tensor)
    {
        if (_data is null)
            return;
        using CollectiveWork work = _data.AllReduce(tensor);
        work.Wait();
    }

    /// <summary>The rows of all processes, in the order of the batch.</summary>
    /// <param name="own">This process's rows, outside autograd.</param>
    /// <param name="total">Rows of the whole batch.</param>
    /// <returns>A new tensor; of a single process an alias.</returns>
    public Tensor Gather(Tensor own, int total)
    {
        if (_data is null)
            return own.Alias();
        using var scope = new TensorScope();
        long[] shape = [total, .. own.Shape[1..]];
        Tensor all = Tensor.Zeros(shape, own.ScalarType, own.Device);
        ShareOf(total).Of(all).CopyFrom(own);
        SumInPlace(all);
        return scope.Keep(all);
    }

    /// <summary>Replaces tensors by those of rank 0.</summary>
    public void Broadcast(IEnumerable<Tensor> tensors)
    {
        if (_data is null)
            return;
        using GradMode noGrad = Autograd.NoGrad();
        foreach (Tensor tensor in tensors)
        {
            using Tensor sent = tensor.Contiguous();
            using (CollectiveWork work = _data.Broadcast(sent))
                work.Wait();
            if (!tensor.IsContiguous)
                tensor.CopyFrom(sent);
        }
    }

    /// <summary>The number that rank 0 has.</summary>
    public long Broadcast(long number)
    {
        if (_control is null)
            return number;
        using Tensor tensor = Tensor.From([number], 1);
        using CollectiveWork work = _control.Broadcast(tensor);
        work.Wait();
        return tensor.ToArray<long>()[0];
    }

    /// <summary>What every process has to say, by rank.</summary>
    public byte[][] GatherBytes(byte[] own)
    {
        if (_control is null)
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

    /// <summary>Waits until all processes have come here.</summary>
    public void Barrier()
    {
        if (_control is null)
            return;
        using Tensor token = Tensor.Zeros([1]);
        Reduce(token);
    }

    /// <summary>
    /// Whether the run is to stop, the same answer in all processes: any of them may have been asked to. The answer to a
    /// question comes with the next one, so that no step waits for it.
    /// </summary>
    /// <param name="own">Whether this process was asked to.</param>
    public bool AgreeToStop(bool own)
    {
        if (_control is null)
            return own;
        bool stop = false;
        if (_stopping is var (flag, work))
        {
            _stopping = null;
            using (flag)
            using (work)
            {
                work.Wait();
                stop = flag.Item() > 0;
            }
        }

        Tensor asked = Tensor.Full([1], own ? 1 : 0).Own();
        _stopping = (asked, _control.AllReduce(asked, ReduceOperation.Maximum));
        return stop;
    }

    /// <summary>Waits until all processes have stopped, as they agreed.</summary>
    public void Stop()
    {
        Barrier();
        HaveStopped = Count > 1;
    }

    /// <summary>A reducer of gradients over these processes, or null for a single one.</summary>
    /// <param name="parameters">What is learned, in the order of the forward pass.</param>
    public GradientReducer? ReducerOf(IEnumerable<Tensor> parameters) => _data is null ? null : new GradientReducer(parameters, _data);

    /// <summary>Means over all processes of terms that each has summed over its own share.</summary>
    internal IReadOnlyList<KeyValuePair<string, double>> MergeTerms(IReadOnlyList<TermSum> own)
    {
        if (_control is null)
            return [.. own.Select(t => KeyValuePair.Create(t.Name, t.Sum / t.Count))];
        byte[][] all = GatherBytes(JsonSerializer.SerializeToUtf8Bytes(own, TermSum.Json));
        return [.. all.SelectMany(bytes => JsonSerializer.Deserialize<TermSum[]>(bytes, TermSum.Json)!)
            .GroupBy(t => t.Name)
            .Select(g => KeyValuePair.Create(g.Key, g.Sum(t => t.Sum) / g.Sum(t => t.Count)))];
    }

    /// <summary>
    /// What to say when a collective, or this process itself, has failed: tells the others, and finds out who no longer
    /// answers. After this the processes have parted; nothing else may be called but this, which then repeats its answer, and
    /// <see cref="Dispose"/>.
    /// </summary>
    /// <param name="error">What happened here.</param>
    /// <returns>Null where rank 0 says the same, as when all of them miss the same file.</returns>
    public string? Explain(Exception error)
    {
        if (_store is null)
            return error.Message;
        if (_explained is not { } explained || explained.Error != error)
            _explained = explained = (error, Reason(error, _store));
        return explained.Reason;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Count == 1)
            return;
        if (_failed)
        {
            // Whatever is still under way may wait for a process that is gone: it ends with this one.
            _control?.Abandon();
            _data?.Abandon();
            return;
        }

        if (_stopping is var (flag, work))
        {
            using (flag)
            using (work)
                work.Wait();
        }

        // Nobody stops being watched before all have come, and the store lives until nobody watches.
        Barrier();
        _watch!.Dispose();
        Barrier();
        _data?.Dispose();
        _control?.Dispose();
        _store?.Dispose();
    }

    private string? Reason(Exception error, KeyValueStore store)
    {
        _failed = true;
        bool isOwn = error is not TorchException;
        try
        {
            if (isOwn)
            {
                ProcessWatch.ReportFailure(store, $"rank {Rank} ended with: {error.Message}");
                store.Set(OwnFailure(Rank), error.Message);
            }

            int[] missing = Absent(store);
            if (isOwn)
                return !IsFirst && store.Has(OwnFailure(0)) && store.Get(OwnFailure(0)) == error.Message ? null : error.Message;
            if (ProcessWatch.Failure(store) is { } reason)
                return $"rank {Rank}: {reason}";
            return missing.Length > 0
                ? $"rank {Rank}: lost rank {string.Join(", ", missing)} of {Count} processes"
                : $"rank {Rank}: the processes lost their connection ({error.Message})";
        }
        catch (TorchException)
        {
            return isOwn ? error.Message : $"rank {Rank}: lost rank 0, at which the processes meet";
        }
    }

    private static string OwnFailure(int rank) => $"failure/{rank}";

    private void Reduce(Tensor tensor)
    {
        using CollectiveWork work = _control!.AllReduce(tensor);
        work.Wait();
    }

    private void AwaitAll(KeyValueStore store, TimeSpan timeout, string place, string launcher)
    {
        const string key = "came";
        long came = store.Add(key, 1);
        var clock = Stopwatch.StartNew();
        while (came < Count)
        {
            if (clock.Elapsed > timeout)
                throw new ProcessFailedException($"rank {Rank}: {came} of {Count} processes came to {place} within {timeout.TotalSeconds:F0} s ({launcher}): start all of them, and see that they can reach each other");
            Thread.Sleep(20);
            came = store.Add(key, 0);
        }
    }

    // Everyone who lives answers within the time; who does not is lost.
    private int[] Absent(KeyValueStore store)
    {
        store.Add($"lives/{Rank}", 1);
        var clock = Stopwatch.StartNew();
        int[] missing;
        do
        {
            Thread.Sleep(50);
            missing = [.. Enumerable.Range(0, Count).Where(r => store.Add($"lives/{r}", 0) == 0)];
        }
        while (missing.Length > 0 && clock.Elapsed < RollCall);
        return missing;
    }
}
