using Nvg.Server.Models;

namespace Nvg.Server.Scheduling;

/// <summary>One image that is waiting or being computed.</summary>
/// <param name="client">The client that requested the image.</param>
/// <param name="model">Borrowed.</param>
/// <param name="request">The image.</param>
/// <param name="listener">Receives the progress of the image.</param>
/// <param name="index">Index of the image, for the listener.</param>
/// <param name="wantsPreview">Whether stages include previews.</param>
/// <param name="cancellation">Cancelled when nobody wants the image any more.</param>
internal sealed class ImageTask(
    string client, ServedModel model, ImageRequest request, IPassListener listener, int index, bool wantsPreview,
    CancellationToken cancellation)
{
    internal string Client => client;

    internal ServedModel Model => model;

    internal ImageRequest Request => request;

    internal IPassListener Listener => listener;

    internal int Index => index;

    internal bool WantsPreview => wantsPreview;

    internal CancellationToken Cancellation => cancellation;

    internal bool IsCancelled => cancellation.IsCancellationRequested;

    /// <summary>Key that other images must share to be computed together with this one.</summary>
    internal PassKey Key { get; } = PassKey.Of(model, request);

    /// <summary>When the image started to wait, in ticks of <see cref="System.Diagnostics.Stopwatch"/>.</summary>
    internal long Since { get; set; }
}
