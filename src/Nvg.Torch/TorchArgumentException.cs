namespace Nvg.Torch;

/// <summary>An argument's value, index or type is not one the operator takes.</summary>
public sealed class TorchArgumentException : TorchException
{
    /// <inheritdoc/>
    public TorchArgumentException(string message) : base(message) { }

    /// <inheritdoc/>
    public TorchArgumentException(string message, Exception innerException) : base(message, innerException) { }

    /// <inheritdoc/>
    public TorchArgumentException() { }
}
