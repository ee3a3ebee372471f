namespace Nvg.Training.Distributed;

/// <summary>The processes of a run cannot go on together: one is gone, ended with an error, or never came.</summary>
public sealed class ProcessFailedException : Exception
{
    /// <inheritdoc/>
    public ProcessFailedException(string message) : base(message) { }

    /// <inheritdoc/>
    public ProcessFailedException(string message, Exception innerException) : base(message, innerException) { }

    /// <inheritdoc/>
    public ProcessFailedException() { }
}
