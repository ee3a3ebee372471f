using System.Runtime.InteropServices;

namespace Nvg.Imaging.Interop;

/// <summary>GObject's tagged value: a type and two machine words. It must be all zero before it is initialised.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GValue
{
    private readonly nuint _type;
    private readonly ulong _first;
    private readonly ulong _second;
}
