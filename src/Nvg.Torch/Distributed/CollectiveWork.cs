using Nvg.Torch.Interop;

namespace Nvg.Torch.Distributed;

/// <summary>A collective operation in progress. Its tensor must not be accessed before <see cref="Wait"/> returns.</summary>
public sealed unsafe class CollectiveWork : IDisposable
{
    private readonly WorkHandle _handle;

    internal CollectiveWork(nint handle) => _handle = new WorkHandle(handle);

    /// <summary>Whether the operation has completed, successfully or not.</summary>
    public bool IsDone
    {
        get
        {
            byte done;
            Native.Check(Native.nvgt_work_is_done(_handle, &done), "collective");
            return done != 0;
        }
    }

    /// <summary>Waits for the result. On a GPU, it only ensures that subsequent work runs after the operation.</summary>
    /// <exception cref="TorchException">Another process exited, or did not take part within the group's timeout.</exception>
    public void Wait() => Native.Check(Native.nvgt_work_wait(_handle), "collective");

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();
}
