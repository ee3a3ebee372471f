using Nvg.Torch.Interop;

namespace Nvg.Torch;

/// <summary>
/// Work of a GPU that was captured once and is repeated with one launch (a CUDA graph). It always reads and writes the tensors of
/// the capture: to repeat it with other values, copy them into its inputs first.
/// </summary>
internal sealed unsafe class CapturedGraph : ICapturedWork
{
    /// <summary>Set to 0, it switches graphs off: every kernel is launched by itself.</summary>
    internal const string Variable = "NVG_CUDA_GRAPHS";

    private readonly GraphHandle _graph;

    private CapturedGraph(GraphHandle graph, Tensor result) => (_graph, Result) = (graph, result);

    /// <inheritdoc/>
    public Tensor Result { get; }

    /// <summary>Whether work on a device can be captured.</summary>
    internal static bool IsAvailable(Device device)
    {
        if (device.Type != DeviceType.Cuda || !TorchRuntime.HasKernels || Environment.GetEnvironmentVariable(Variable) == "0")
            return false;
        byte available;
        Native.Check(Native.nvgt_has_graphs(&available), "CUDA graphs");
        return available != 0;
    }

    /// <summary>Runs work once, so that libraries are ready, and captures it.</summary>
    /// <param name="device">The GPU.</param>
    /// <param name="work">
    /// Work without random numbers that neither reads from the device nor allocates anything that outlives it but its result.
    /// </param>
    /// <exception cref="TorchException">The work contains something that cannot be captured.</exception>
    internal static ICapturedWork Capture(Device device, Func<Tensor> work)
    {
        nint pointer;
        Native.Check(Native.nvgt_graph_new(device.Index, &pointer), "CUDA graph");
        var graph = new GraphHandle(pointer);
        try
        {
            Run(graph, captures: false, work).Dispose();
            return new CapturedGraph(graph, Run(graph, captures: true, work));
        }
        catch
        {
            graph.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Replay() => Native.Check(Native.nvgt_graph_replay(_graph), "CUDA graph");

    /// <inheritdoc/>
    public void Dispose()
    {
        Result.Dispose();
        _graph.Dispose();
    }

    private static Tensor Run(GraphHandle graph, bool captures, Func<Tensor> work)
    {
        Native.Check(Native.nvgt_graph_enter(graph, captures ? (byte)1 : (byte)0), "CUDA graph");
        Tensor? result = null;
        int status = 0;
        try
        {
            result = work().Own();
        }
        finally
        {
            // An error of the work itself is the one to report.
            status = Native.nvgt_graph_exit(graph);
        }

        try
        {
            Native.Check(status, "CUDA graph");
            return result;
        }
        catch
        {
            result.Dispose();
            throw;
        }
    }
}
