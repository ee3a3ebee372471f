using Nvg.Torch.Interop;

namespace Nvg.Torch.Distributed;

/// <summary>A collective operation under way. Its tensor must not be touched before <see cref="Wait"/> returns.</summary>
public sealed unsafe class CollectiveWork : IDisposable
{
    private readonly WorkHandle _handle;

    internal CollectiveWork(nint handle) => _handle = new WorkHandle(handle);

    /// <summary>Whether it has ended, well or not.</summary>
    public bool IsDone
    {
        get
        {
            byte done;
            Native.Check(Native.nvgt_work_is_done(_handle, &done), "collective");
            return done != 0;
        }
    }

    /// <summary>Waits until the result is there; on a GPU, until what is computed next will find it there.</summary>
    /// <exception cref="TorchException">Another process is gone, or did not take part within the group's timeout.</exception>
    public void Wait() => Native.Check(Native.nvgt_work_wait(_handle), "collective");

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();
}
