using System.Threading.Channels;

namespace Nvg;

/// <summary>
/// The turn of the request that is being computed. It is released while the reader has not taken the latest updates. Otherwise, a reader
/// that makes another request between two updates and waits for it would wait forever.
/// </summary>
/// <param name="turn">Already acquired.</param>
internal sealed class PipelineTurn(SemaphoreSlim turn)
{
    private bool _held = true;

    /// <summary>Sends an update to the reader.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled, or the reader left.</exception>
    internal void Send(ChannelWriter<GenerationUpdate> updates, GenerationUpdate update, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (updates.TryWrite(update))
            return;
        End();
        // Blocks, because the tensor scopes of the running batch belong to this thread.
        updates.WriteAsync(update, cancellation).AsTask().GetAwaiter().GetResult();
        turn.Wait(cancellation);
        _held = true;
    }

    /// <summary>Gives the turn to the next request.</summary>
    internal void End()
    {
        if (!_held)
            return;
        _held = false;
        turn.Release();
    }
}
