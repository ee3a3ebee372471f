using System.Threading.Channels;

namespace Nvg;

/// <summary>
/// The turn of the request that is computed. While its reader has not taken what is there, others have it: a reader that waits
/// for another request of its own would otherwise wait for ever.
/// </summary>
/// <param name="turn">Taken already.</param>
internal sealed class PipelineTurn(SemaphoreSlim turn)
{
    private bool _held = true;

    /// <summary>Hands an update to the reader.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled, or the reader left.</exception>
    internal void Send(ChannelWriter<GenerationUpdate> updates, GenerationUpdate update, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (updates.TryWrite(update))
            return;
        End();
        // The thread is kept, and on it the scope of the tensors that the update came from.
        updates.WriteAsync(update, cancellation).AsTask().GetAwaiter().GetResult();
        turn.Wait(cancellation);
        _held = true;
    }

    /// <summary>Lets others have it.</summary>
    internal void End()
    {
        if (!_held)
            return;
        _held = false;
        turn.Release();
    }
}
