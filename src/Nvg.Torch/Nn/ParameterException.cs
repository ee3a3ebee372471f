namespace Nvg.Torch.Nn;

/// <summary>A model's parameter is missing, unexpected or of another shape than the model's.</summary>
public sealed class ParameterException : Exception
{
    /// <inheritdoc/>
    public ParameterException(string message) : base(message) { }

    /// <inheritdoc/>
    public ParameterException(string message, Exception innerException) : base(message, innerException) { }

    /// <inheritdoc/>
    public ParameterException() { }
}
