namespace Nvg.Torch.Files;

/// <summary>A file of tensors cannot be used: the message says which file, what is wrong and where.</summary>
public class TensorFileException : Exception
{
    /// <inheritdoc/>
    public TensorFileException(string message) : base(message) { }

    /// <inheritdoc/>
    public TensorFileException(string message, Exception innerException) : base(message, innerException) { }

    /// <inheritdoc/>
    public TensorFileException() { }
}
