using Nvg.Torch.Interop;

namespace Nvg.Torch;

/// <summary>
/// GPU work that is captured once and replayed with a single launch (a CUDA graph). It always reads and writes the tensors of the capture.
/// To replay it with other values, copy them into its inputs first.
/// </summary>
internal sealed unsafe class CapturedGraph : ICapturedWork
{
    /// <summary>Environment variable that disables graphs if set to 0; every kernel is then launched individually.</summary>
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

    /// <summary>Runs work once, to initialise libraries, and then captures it.</summary>
    /// <param name="device">The GPU.</param>
    /// <param name="work">
    /// Work without random numbers. It must not read back from the device, and nothing that it allocates may outlive it except its result.
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
            // Checked later, because an error in the work itself takes precedence.
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
