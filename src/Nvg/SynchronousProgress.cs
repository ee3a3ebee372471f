namespace Nvg;

/// <summary>Reports on the calling thread, in order; <see cref="Progress{T}"/> would reorder them over the pool.</summary>
/// <param name="handler">Hears every report before <see cref="Report"/> returns.</param>
public sealed class SynchronousProgress<T>(Action<T> handler) : IProgress<T>
{
    /// <inheritdoc/>
    public void Report(T value) => handler(value);
}
