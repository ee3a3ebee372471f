namespace Nvg.Torch;

/// <summary>The exception that is thrown if the loaded libtorch does not have an operator, or not for this device.</summary>
public sealed class TorchOperatorException : TorchException
{
    /// <inheritdoc/>
    public TorchOperatorException(string message) : base(message) { }

    /// <inheritdoc/>
    public TorchOperatorException(string message, Exception innerException) : base(message, innerException) { }

    /// <inheritdoc/>
    public TorchOperatorException() { }
}
