namespace Nvg.Torch;

/// <summary>The exception that is thrown if the device does not have enough memory for a result.</summary>
public sealed class TorchOutOfMemoryException : TorchException
{
    /// <inheritdoc/>
    public TorchOutOfMemoryException(string message) : base(message) { }

    /// <inheritdoc/>
    public TorchOutOfMemoryException(string message, Exception innerException) : base(message, innerException) { }

    /// <inheritdoc/>
    public TorchOutOfMemoryException() { }
}
