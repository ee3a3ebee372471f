using System.Globalization;
using Nvg.Torch.Interop;

namespace Nvg.Torch;

/// <summary>
/// Counts and times the operators that run while it exists, including those of backward passes and other threads. Only one trace can exist
/// at a time.
/// </summary>
internal sealed unsafe class OperatorTrace : IDisposable
{
    // Each of these blocks the host until the device has finished all previously submitted work.
    private static readonly string[] Waiting =
    [
        "aten::_local_scalar_dense", "aten::nonzero", "aten::masked_select", "aten::_unique2", "aten::bincount", "aten::equal",
        "copy to host, waiting", "copy to device, waiting",
    ];

    private IReadOnlyList<OperatorTotal>? _totals;

    /// <summary>Starts counting.</summary>
    /// <exception cref="TorchException">Another trace is running.</exception>
    internal OperatorTrace() => Native.Check(Native.nvgt_trace_begin(), "operator trace");

    /// <summary>The operators run so far, ordered by name.</summary>
    internal IReadOnlyList<OperatorTotal> Totals => _totals ?? Read();

    /// <summary>Operators that block the host until a device has caught up, with their counts; on the CPU, they cost nothing.</summary>
    internal IReadOnlyList<OperatorTotal> Synchronizations => [.. Totals.Where(total => Waiting.Contains(total.Name))];

    /// <summary>Ends the trace; the counts remain readable.</summary>
    public void Dispose()
    {
        if (_totals is not null)
            return;
        Native.Check(Native.nvgt_trace_end(), "operator trace");
        _totals = Read();
    }

    private static List<OperatorTotal> Read() =>
        [.. Native.ReadText(Native.nvgt_trace_report).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Parse)];

    private static OperatorTotal Parse(string line)
    {
        string[] cells = line.Split('\t');
        return new OperatorTotal(
            cells[0], long.Parse(cells[1], CultureInfo.InvariantCulture), long.Parse(cells[2], CultureInfo.InvariantCulture) * 1e-9);
    }
}
