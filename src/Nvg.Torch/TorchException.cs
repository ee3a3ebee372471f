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

/// <summary>libtorch or the native library could not be loaded: the message lists every path tried and how to mend it.</summary>
public sealed class TorchLoadException : TorchException
{
    /// <inheritdoc/>
    public TorchLoadException(string message) : base(message) { }

    /// <inheritdoc/>
    public TorchLoadException(string message, Exception innerException) : base(message, innerException) { }

    /// <inheritdoc/>
    public TorchLoadException() { }
}
