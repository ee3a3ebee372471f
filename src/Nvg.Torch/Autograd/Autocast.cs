using Nvg.Torch.Interop;

namespace Nvg.Torch;

/// <summary>A section of code under autocast; disposing restores the previous mode and frees cached weight copies.</summary>
public ref struct Autocast
{
    private readonly Device _device;
    private readonly bool _previousEnabled;
    private readonly int _previousType;
    private bool _active;

    internal Autocast(Device device, ScalarType type)
    {
        _device = device;
        bool enabled = type != ScalarType.Float32;
        (_previousEnabled, _previousType) =
            Door.Current.SetAutocast(device.Type, enabled, (int)(enabled ? type : ScalarType.BFloat16));
        _active = true;
    }

    /// <summary>Restores the mode.</summary>
    public void Dispose()
    {
        if (!_active)
            return;
        _active = false;
        Door.Current.ClearAutocastCache();
        _ = Door.Current.SetAutocast(_device.Type, _previousEnabled, _previousType);
    }
}
