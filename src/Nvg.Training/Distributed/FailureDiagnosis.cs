using System.Diagnostics;
using Nvg.Torch;
using Nvg.Torch.Distributed;

namespace Nvg.Training.Distributed;

/// <summary>
/// Finds out why the processes of a run can no longer continue together: reports to the others why this process ends, and asks
/// through the store which of them still respond.
/// </summary>
internal sealed class FailureDiagnosis
{
    private static readonly TimeSpan RollCall = TimeSpan.FromSeconds(3);

    private readonly KeyValueStore _store;
    private readonly int _rank;
    private readonly int _count;
    private (Exception Error, string? Reason)? _explained;

    /// <param name="store">Shared by all processes; borrowed.</param>
    /// <param name="rank">Rank of this process.</param>
    /// <param name="count">Number of processes.</param>
    internal FailureDiagnosis(KeyValueStore store, int rank, int count) => (_store, _rank, _count) = (store, rank, count);

    /// <summary>Whether a failure has been diagnosed. The processes then no longer work together.</summary>
    internal bool HasFailed => _explained is not null;

    /// <summary>Explains an error of this process or of a collective. The same error gets the same explanation again.</summary>
    /// <returns>Null if rank 0 reports the same error, for example if the same file is missing for all processes.</returns>
    internal string? Explain(Exception error)
    {
        if (_explained is not { } explained || explained.Error != error)
            _explained = explained = (error, error is TorchException ? ReasonOfOthers(error) : ReportOwn(error));
        return explained.Reason;
    }

    private string? ReportOwn(Exception error)
    {
        try
        {
            ProcessWatch.ReportFailure(_store, $"rank {_rank} ended with: {error.Message}");
            _store.Set(OwnFailure(_rank), error.Message);
            AbsentRanks();
            bool rank0SaysSo = _rank != 0 && _store.Has(OwnFailure(0)) && _store.Get(OwnFailure(0)) == error.Message;
            return rank0SaysSo ? null : error.Message;
        }
        catch (TorchException)
        {
            return error.Message;
        }
    }

    private string ReasonOfOthers(Exception error)
    {
        try
        {
            int[] missing = AbsentRanks();
            if (ProcessWatch.Failure(_store) is { } reason)
                return $"rank {_rank}: {reason}";
            return missing.Length > 0
                ? $"rank {_rank}: lost rank {string.Join(", ", missing)} of {_count} processes"
                : $"rank {_rank}: the processes lost their connection ({error.Message})";
        }
        catch (TorchException)
        {
            return $"rank {_rank}: lost rank 0, which serves the store of the run";
        }
    }

    // A live process answers within the time; a process that does not is lost.
    private int[] AbsentRanks()
    {
        _store.Add($"lives/{_rank}", 1);
        var clock = Stopwatch.StartNew();
        int[] missing;
        do
        {
            Thread.Sleep(50);
            missing = [.. Enumerable.Range(0, _count).Where(r => _store.Add($"lives/{r}", 0) == 0)];
        }
        while (missing.Length > 0 && clock.Elapsed < RollCall);
        return missing;
    }

    private static string OwnFailure(int rank) => $"failure/{rank}";
}
