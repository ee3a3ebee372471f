namespace Nvg;

/// <summary>Reports on the calling thread and in order; <see cref="Progress{T}"/> may reorder reports.</summary>
/// <param name="handler">Called with every report before <see cref="Report"/> returns.</param>
public sealed class SynchronousProgress<T>(Action<T> handler) : IProgress<T>
{
    /// <inheritdoc/>
    public void Report(T value) => handler(value);
}
