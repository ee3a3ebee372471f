using Nvg.Torch.Interop;

namespace Nvg.Torch.Distributed;

/// <summary>
/// Processes that compute together, each with a rank. Every process must call the same operations in the same order with
/// tensors of the same shape and type; tensors are contiguous, on the CPU for Gloo and on a GPU for NCCL.
/// </summary>
public sealed unsafe class ProcessGroup : IDisposable
{
    private readonly GroupHandle _handle;

    /// <summary>Joins the other processes.</summary>
    /// <param name="store">The store that the processes use to find each other; borrowed.</param>
    /// <param name="backend">The backend that runs the collectives.</param>
    /// <param name="name">Name of the group, identical in every process.</param>
    /// <param name="rank">Rank of this process, from 0.</param>
    /// <param name="size">Number of processes.</param>
    /// <param name="timeout">How long an operation waits for the others.</param>
    /// <param name="network">Network interface that Gloo uses, or null.</param>
    /// <param name="address">Local address that Gloo uses if no interface is named; null for the address of the host name.</param>
    /// <exception cref="TorchException">The others did not join in time, or this build lacks the backend.</exception>
    public ProcessGroup(
        KeyValueStore store,
        ProcessGroupBackend backend,
        string name,
        int rank,
        int size,
        TimeSpan timeout,
        string? network = null,
        string? address = null)
    {
        nint handle;
        string library = backend == ProcessGroupBackend.Gloo ? "gloo" : "nccl";
        Native.Check(
            Native.nvgt_group_new(store.Handle, library, name, rank, size, (long)timeout.TotalMilliseconds, network, address, &handle),
            "group of processes");
        _handle = new GroupHandle(handle);
        (Rank, Size) = (rank, size);
    }

    /// <summary>Rank of this process, from 0.</summary>
    public int Rank { get; }

    /// <summary>Number of processes.</summary>
    public int Size { get; }

    /// <summary>Whether this build of the native library has a backend.</summary>
    public static bool Has(ProcessGroupBackend backend)
    {
        byte gloo, nccl;
        Native.Check(Native.nvgt_group_backends(&gloo, &nccl), "group of processes");
        return (backend == ProcessGroupBackend.Gloo ? gloo : nccl) != 0;
    }

    /// <summary>Starts an all-reduce: replaces a tensor in every process with the sum or maximum over all processes.</summary>
    public CollectiveWork AllReduce(Tensor tensor, ReduceOperation operation = ReduceOperation.Sum)
    {
        nint work;
        Native.Check(Native.nvgt_group_all_reduce(_handle, tensor.Handle, (int)operation, &work), "all-reduce");
        return new CollectiveWork(work);
    }

    /// <summary>Starts a broadcast: replaces a tensor in every process with the tensor of one process.</summary>
    /// <param name="tensor">Read in <paramref name="root"/>, written in the others.</param>
    /// <param name="root">Rank of the process that provides the tensor.</param>
    public CollectiveWork Broadcast(Tensor tensor, int root = 0)
    {
        nint work;
        Native.Check(Native.nvgt_group_broadcast(_handle, tensor.Handle, root, &work), "broadcast");
        return new CollectiveWork(work);
    }

    /// <summary>
    /// Keeps the native group until the end of this process. After a failure, releasing it could wait for a process that has exited.
    /// </summary>
    public void Abandon() => _handle.SetHandleAsInvalid();

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();
}
