namespace Nvg.Torch;

/// <summary>
/// The exception that is thrown if libtorch or the native library cannot be loaded. The message lists every path tried and how to fix the
/// problem.
/// </summary>
public sealed class TorchLoadException : TorchException
{
    /// <inheritdoc/>
    public TorchLoadException(string message) : base(message) { }

    /// <inheritdoc/>
    public TorchLoadException(string message, Exception innerException) : base(message, innerException) { }

    /// <inheritdoc/>
    public TorchLoadException() { }

    /// <summary>The paths tried, in order.</summary>
    public IReadOnlyList<string> Paths { get; internal init; } = [];
}
