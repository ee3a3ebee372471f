namespace Nvg.Training.Distributed;

/// <summary>The processes of a run cannot continue together: one was lost, ended with an error, or never arrived.</summary>
public sealed class ProcessFailedException : Exception
{
    /// <inheritdoc/>
    public ProcessFailedException(string message) : base(message) { }

    /// <inheritdoc/>
    public ProcessFailedException(string message, Exception innerException) : base(message, innerException) { }

    /// <inheritdoc/>
    public ProcessFailedException() { }
}
