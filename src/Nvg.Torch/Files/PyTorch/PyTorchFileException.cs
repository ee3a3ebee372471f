namespace Nvg.Torch.Files.PyTorch;

/// <summary>
/// The exception that is thrown if a PyTorch file is damaged, has an unsupported format or is malicious. The message names file, entry and
/// reason.
/// </summary>
public sealed class PyTorchFileException : TensorFileException
{
    /// <inheritdoc/>
    public PyTorchFileException(string message) : base(message) { }

    /// <inheritdoc/>
    public PyTorchFileException(string message, Exception innerException) : base(message, innerException) { }

    /// <inheritdoc/>
    public PyTorchFileException() { }
}
