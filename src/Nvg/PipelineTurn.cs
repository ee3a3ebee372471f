using System.Threading.Channels;

namespace Nvg;

/// <summary>
/// The turn of the request that is being computed. It is given up while the reader has not taken the last updates: a reader
/// that waits for a request of its own between two updates would otherwise wait for ever.
/// </summary>
/// <param name="turn">Already acquired.</param>
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
