using Nvg.Torch.Interop;

namespace Nvg.Torch;

/// <summary>A span of code with gradients on or off; disposing restores what was before.</summary>
public ref struct GradMode
{
    private readonly bool _previous;
    private bool _active;

    internal GradMode(bool enabled)
    {
        _previous = Door.Current.SetGradMode(enabled);
        _active = true;
    }

    /// <summary>Restores the mode.</summary>
    public void Dispose()
    {
        if (!_active)
            return;
        _active = false;
        _ = Door.Current.SetGradMode(_previous);
    }
}
