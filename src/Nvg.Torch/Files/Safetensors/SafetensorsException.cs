namespace Nvg.Torch.Files.Safetensors;

/// <summary>The exception that is thrown if a file is not a valid safetensors file. The message says what is wrong and where.</summary>
public sealed class SafetensorsException : TensorFileException
{
    /// <inheritdoc/>
    public SafetensorsException(string message) : base(message) { }

    /// <inheritdoc/>
    public SafetensorsException(string message, Exception innerException) : base(message, innerException) { }

    /// <inheritdoc/>
    public SafetensorsException() { }
}
