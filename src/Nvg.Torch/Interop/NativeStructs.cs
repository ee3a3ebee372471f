using System.Runtime.InteropServices;

namespace Nvg.Torch.Interop;

/// <summary>The kind of an operator's argument or result (<c>nvgt_kind</c>).</summary>
internal enum ValueKind
{
    None = 0,
    Tensor = 1,
    Int = 2,
    Double = 3,
    Bool = 4,
    IntList = 5,
    TensorList = 6,
    String = 7,
    Generator = 8,
    Default = 9,
    Device = 10,
    OptionalTensorList = 11,
    DoubleList = 12,
    BoolList = 13,
}

/// <summary><c>nvgt_value</c>: 16 bytes; the payload is an integer, the bits of a double, or an address.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeValue
{
    internal ValueKind Kind;
    internal int Count;
    internal long Payload;
}

/// <summary><c>nvgt_tensor_info</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeTensorInfo
{
    internal int ScalarType;
    internal int DeviceType;
    internal int DeviceIndex;
    internal int Rank;
    internal long ElementCount;
    internal byte IsContiguous;
    internal byte RequiresGrad;
    internal byte IsLeaf;
    private unsafe fixed byte _reserved[5];
}
