namespace Nvg.Torch.Interop;

/// <summary>An operator refused. Never leaves this library: <see cref="Torch.Operator"/> adds name and arguments.</summary>
internal sealed class DoorException(NativeStatus status, string reason) : Exception(reason)
{
    internal NativeStatus Status { get; } = status;

    /// <summary>The exception that belongs to a status.</summary>
    /// <param name="status">Not <see cref="NativeStatus.Ok"/>.</param>
    /// <param name="operation">What was done.</param>
    /// <param name="reason">libtorch's words.</param>
    internal static TorchException Describe(NativeStatus status, string operation, string reason)
    {
        // libtorch's messages may have several lines of advice; the first says what happened.
        int end = reason.IndexOf('\n');
        string line = $"{operation}: {(end < 0 ? reason : reason[..end])}";
        return status switch
        {
            NativeStatus.Argument => new TorchArgumentException(line),
            NativeStatus.UnknownOperator => new TorchOperatorException(line),
            NativeStatus.OutOfMemory => new TorchOutOfMemoryException(line),
            _ => new TorchException(line),
        };
    }
}
