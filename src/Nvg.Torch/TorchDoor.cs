namespace Nvg.Torch;

/// <summary>The ways from .NET into libtorch (docs/doors.md).</summary>
public enum TorchDoor
{
    /// <summary>The compiled library if it and a libtorch are found, otherwise the managed door.</summary>
    Automatic,

    /// <summary><c>libnvg_torch</c>, compiled against an installed libtorch: training, process groups, GPUs, fused kernels.</summary>
    Compiled,

    /// <summary>
    /// The libtorch of the packages <c>libtorch-cpu-…</c>, through its stable C interface: inference on the CPU, without a compiler.
    /// </summary>
    Managed,
}
