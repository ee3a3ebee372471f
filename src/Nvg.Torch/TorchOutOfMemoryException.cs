namespace Nvg.Torch;

/// <summary>The device has no memory left for the result.</summary>
public sealed class TorchOutOfMemoryException : TorchException
{
    /// <inheritdoc/>
    public TorchOutOfMemoryException(string message) : base(message) { }

    /// <inheritdoc/>
    public TorchOutOfMemoryException(string message, Exception innerException) : base(message, innerException) { }

    /// <inheritdoc/>
    public TorchOutOfMemoryException() { }
}
