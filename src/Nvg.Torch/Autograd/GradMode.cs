using Nvg.Torch.Interop;

namespace Nvg.Torch;

/// <summary>A span of code with gradients on or off; disposing restores what was before.</summary>
public unsafe ref struct GradMode
{
    private readonly byte _previous;
    private bool _active;

    internal GradMode(bool enabled)
    {
        byte previous;
        Native.Check(Native.nvgt_set_grad_mode(enabled ? (byte)1 : (byte)0, &previous), "grad mode");
        _previous = previous;
        _active = true;
    }

    /// <summary>Restores the mode.</summary>
    public void Dispose()
    {
        if (!_active)
            return;
        _active = false;
        byte ignored;
        Native.Check(Native.nvgt_set_grad_mode(_previous, &ignored), "grad mode");
    }
}
