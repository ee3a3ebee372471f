namespace Nvg.Torch.Interop;

/// <summary>The result of an export (<c>nvgt_status</c> in <c>native/door/nvg_torch.h</c>).</summary>
internal enum NativeStatus
{
    Ok = 0,

    /// <summary>The operator refused: shapes, values, device.</summary>
    Error = 1,

    /// <summary>Index, value or type of an argument.</summary>
    Argument = 2,

    /// <summary>No such operator, or none for this device.</summary>
    UnknownOperator = 3,

    OutOfMemory = 4,

    /// <summary>An exception that is not one of libtorch.</summary>
    Internal = 5,
}
