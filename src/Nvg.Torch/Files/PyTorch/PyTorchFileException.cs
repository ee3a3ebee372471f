namespace Nvg.Torch.Files.PyTorch;

/// <summary>A PyTorch file is damaged, of a form that is not read, or hostile: the message names file, entry and reason.</summary>
public sealed class PyTorchFileException : TensorFileException
{
    /// <inheritdoc/>
    public PyTorchFileException(string message) : base(message) { }

    /// <inheritdoc/>
    public PyTorchFileException(string message, Exception innerException) : base(message, innerException) { }

    /// <inheritdoc/>
    public PyTorchFileException() { }
}
