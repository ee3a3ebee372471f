using Nvg.Torch.Interop;

namespace Nvg.Torch;

/// <summary>A section of code with gradient recording on or off; disposing restores the previous mode.</summary>
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
