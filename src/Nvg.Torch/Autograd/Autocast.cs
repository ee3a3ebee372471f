using Nvg.Torch.Interop;

namespace Nvg.Torch;

/// <summary>A span of code under autocast; disposing restores what was before and frees the cached weight copies.</summary>
public unsafe ref struct Autocast
{
    private readonly Device _device;
    private readonly byte _previousEnabled;
    private readonly int _previousType;
    private bool _active;

    internal Autocast(Device device, ScalarType type)
    {
        _device = device;
        bool enabled = type != ScalarType.Float32;
        byte previousEnabled;
        int previousType;
        Native.Check(
            Native.nvgt_set_autocast((int)device.Type, enabled ? (byte)1 : (byte)0, (int)(enabled ? type : ScalarType.BFloat16), &previousEnabled, &previousType),
            "autocast");
        _previousEnabled = previousEnabled;
        _previousType = previousType;
        _active = true;
    }

    /// <summary>Restores the mode.</summary>
    public void Dispose()
    {
        if (!_active)
            return;
        _active = false;
        byte enabled;
        int type;
        Native.Check(Native.nvgt_clear_autocast_cache(), "autocast");
        Native.Check(Native.nvgt_set_autocast((int)_device.Type, _previousEnabled, _previousType, &enabled, &type), "autocast");
    }
}
