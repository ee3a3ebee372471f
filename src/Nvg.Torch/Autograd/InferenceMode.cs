using Nvg.Torch.Interop;

namespace Nvg.Torch;

/// <summary>A section of code in inference mode; disposing leaves the mode.</summary>
public ref struct InferenceMode
{
    private nint _guard;

    /// <summary>Enters the mode.</summary>
    public InferenceMode() => _guard = Door.Current.EnterInferenceMode();

    /// <summary>Leaves the mode.</summary>
    public void Dispose()
    {
        if (_guard == 0)
            return;
        Door.Current.ExitInferenceMode(_guard);
        _guard = 0;
    }
}
