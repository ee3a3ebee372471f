namespace Nvg.Torch;

/// <summary>The loaded libtorch has no such operator, or none for this device.</summary>
public sealed class TorchOperatorException : TorchException
{
    /// <inheritdoc/>
    public TorchOperatorException(string message) : base(message) { }

    /// <inheritdoc/>
    public TorchOperatorException(string message, Exception innerException) : base(message, innerException) { }

    /// <inheritdoc/>
    public TorchOperatorException() { }
}
