namespace Nvg.Torch;

/// <summary>libtorch refused an operation: the message names the operator, the shapes, dtypes and devices, and libtorch's reason.</summary>
public class TorchException : Exception
{
    /// <inheritdoc/>
    public TorchException(string message) : base(message) { }

    /// <inheritdoc/>
    public TorchException(string message, Exception innerException) : base(message, innerException) { }

    /// <inheritdoc/>
    public TorchException() { }
}
