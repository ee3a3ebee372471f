namespace Nvg.Torch;

/// <summary>The exception that is thrown if an operator does not accept an argument's value, index or type.</summary>
public sealed class TorchArgumentException : TorchException
{
    /// <inheritdoc/>
    public TorchArgumentException(string message) : base(message) { }

    /// <inheritdoc/>
    public TorchArgumentException(string message, Exception innerException) : base(message, innerException) { }

    /// <inheritdoc/>
    public TorchArgumentException() { }
}
