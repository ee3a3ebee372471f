namespace Nvg.Torch.Interop;

/// <summary>
/// The exception that is thrown if an operator fails. It never leaves this library: <see cref="Torch.Operator"/> adds name and arguments.
/// </summary>
internal sealed class DoorException(NativeStatus status, string reason) : Exception(reason)
{
    internal NativeStatus Status { get; } = status;

    /// <summary>Creates the exception for a status.</summary>
    /// <param name="status">A status other than <see cref="NativeStatus.Ok"/>.</param>
    /// <param name="operation">The operation that failed.</param>
    /// <param name="reason">libtorch's message.</param>
    internal static TorchException Describe(NativeStatus status, string operation, string reason)
    {
        // libtorch's messages may have several lines of advice; the first line says what happened.
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
