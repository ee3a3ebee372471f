namespace Nvg.Torch.Interop;

/// <summary>The result of an export (<c>nvgt_status</c> in <c>native/door/nvg_torch.h</c>).</summary>
internal enum NativeStatus
{
    Ok = 0,

    /// <summary>The operator failed: shapes, values, device.</summary>
    Error = 1,

    /// <summary>Invalid index, value or type of an argument.</summary>
    Argument = 2,

    /// <summary>The operator does not exist, or not for this device.</summary>
    UnknownOperator = 3,

    OutOfMemory = 4,

    /// <summary>An exception that does not come from libtorch.</summary>
    Internal = 5,
}
