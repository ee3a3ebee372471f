namespace Nvg.Torch;

/// <summary>libtorch or the native library could not be loaded: the message lists every path tried and how to remedy it.</summary>
public sealed class TorchLoadException : TorchException
{
    /// <inheritdoc/>
    public TorchLoadException(string message) : base(message) { }

    /// <inheritdoc/>
    public TorchLoadException(string message, Exception innerException) : base(message, innerException) { }

    /// <inheritdoc/>
    public TorchLoadException() { }
}
