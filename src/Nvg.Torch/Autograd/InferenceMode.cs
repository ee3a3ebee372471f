using Nvg.Torch.Interop;

namespace Nvg.Torch;

/// <summary>A span of code in inference mode; disposing leaves it.</summary>
public unsafe ref struct InferenceMode
{
    private nint _guard;

    /// <summary>Enters the mode.</summary>
    public InferenceMode()
    {
        nint guard;
        Native.Check(Native.nvgt_inference_mode_enter(&guard), "inference mode");
        _guard = guard;
    }

    /// <summary>Leaves the mode.</summary>
    public void Dispose()
    {
        if (_guard == 0)
            return;
        Native.Check(Native.nvgt_inference_mode_exit(_guard), "inference mode");
        _guard = 0;
    }
}
