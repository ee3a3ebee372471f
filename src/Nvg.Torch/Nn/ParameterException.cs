namespace Nvg.Torch.Nn;

/// <summary>The exception that is thrown if a parameter is missing, is unexpected, or has a different shape from the model's.</summary>
public sealed class ParameterException : Exception
{
    /// <inheritdoc/>
    public ParameterException(string message) : base(message) { }

    /// <inheritdoc/>
    public ParameterException(string message, Exception innerException) : base(message, innerException) { }

    /// <inheritdoc/>
    public ParameterException() { }
}
