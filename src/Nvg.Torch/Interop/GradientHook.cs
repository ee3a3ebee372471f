using System.Runtime.InteropServices;

namespace Nvg.Torch.Interop;

/// <summary>
/// Calls an action with a leaf's number whenever a backward pass has added to the leaf's gradient, on the thread that added it.
/// </summary>
internal sealed unsafe class GradientHook : IDisposable
{
    private readonly GCHandle _action;
    private nint _hook;

    /// <param name="leaf">A leaf that requires gradients.</param>
    /// <param name="index">Number of the leaf.</param>
    /// <param name="ready">The action; must not throw.</param>
    internal GradientHook(Tensor leaf, int index, Action<int> ready)
    {
        _action = GCHandle.Alloc(ready);
        nint hook;
        int status = Native.nvgt_gradient_hook_new(leaf.Handle, &Ready, GCHandle.ToIntPtr(_action), index, &hook);
        if (status != 0)
        {
            _action.Free();
            Native.Throw(status, "gradient hook");
        }

        _hook = hook;
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _hook, 0) is var hook and not 0)
        {
            _ = Native.nvgt_gradient_hook_release(hook);
            _action.Free();
        }
    }

    [UnmanagedCallersOnly]
    private static void Ready(nint action, int index) => ((Action<int>)GCHandle.FromIntPtr(action).Target!)(index);
}
