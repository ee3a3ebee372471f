namespace Nvg.Torch;

/// <summary>Kind of a device; the numbers are libtorch's.</summary>
public enum DeviceType
{
    /// <summary>The processor.</summary>
    Cpu = 0,

    /// <summary>An NVIDIA GPU.</summary>
    Cuda = 1,

    /// <summary>No memory at all: shapes only.</summary>
    Meta = 14,
}
