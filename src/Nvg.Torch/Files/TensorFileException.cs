namespace Nvg.Torch.Files;

/// <summary>
/// The exception that is thrown if a tensor file cannot be used. The message says which file, what is wrong and where. Names in it come
/// from the file, so control characters are escaped.
/// </summary>
public class TensorFileException : Exception
{
    /// <inheritdoc/>
    public TensorFileException(string message) : base(ForeignName.Display(message)) { }

    /// <inheritdoc/>
    public TensorFileException(string message, Exception innerException) : base(ForeignName.Display(message), innerException) { }

    /// <inheritdoc/>
    public TensorFileException() { }
}
