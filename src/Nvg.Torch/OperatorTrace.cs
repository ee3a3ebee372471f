using System.Globalization;
using Nvg.Torch.Interop;

namespace Nvg.Torch;

/// <summary>
/// Counts and times the operators that run while it exists, those of backward passes and of other threads included. One at a time.
/// </summary>
internal sealed unsafe class OperatorTrace : IDisposable
{
    // Each stops the host until the device has done all work that it was given before.
    private static readonly string[] Waiting =
    [
        "aten::_local_scalar_dense", "aten::nonzero", "aten::masked_select", "aten::_unique2", "aten::bincount", "aten::equal",
        "copy to host, waiting", "copy to device, waiting",
    ];

    private IReadOnlyList<OperatorTotal>? _totals;

    /// <summary>Starts to count.</summary>
    /// <exception cref="TorchException">Another trace runs.</exception>
    internal OperatorTrace() => Native.Check(Native.nvgt_trace_begin(), "operator trace");

    /// <summary>What has run so far, ordered by name.</summary>
    internal IReadOnlyList<OperatorTotal> Totals => _totals ?? Read();

    /// <summary>Operators that stop the host until a device has caught up, with their number; on the CPU they cost nothing.</summary>
    internal IReadOnlyList<OperatorTotal> Synchronizations => [.. Totals.Where(total => Waiting.Contains(total.Name))];

    /// <summary>Ends the trace; what was counted stays readable.</summary>
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
