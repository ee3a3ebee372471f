namespace Nvg.Torch;

/// <summary>Kind of a device; values match libtorch.</summary>
public enum DeviceType
{
    /// <summary>The CPU.</summary>
    Cpu = 0,

    /// <summary>An NVIDIA GPU.</summary>
    Cuda = 1,

    /// <summary>The meta device: shapes without memory.</summary>
    Meta = 14,
}
