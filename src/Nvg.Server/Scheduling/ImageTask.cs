using Nvg.Server.Models;

namespace Nvg.Server.Scheduling;

/// <summary>One image that waits or is computed.</summary>
/// <param name="client">Whose image it is.</param>
/// <param name="model">Borrowed.</param>
/// <param name="request">The image.</param>
/// <param name="listener">Is told what happens to it.</param>
/// <param name="index">Its number, for the listener.</param>
/// <param name="wantsPreview">Whether stages come with previews.</param>
/// <param name="cancellation">Cancelled where nobody wants the image any more.</param>
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

    /// <summary>What others must share to be computed together with it.</summary>
    internal PassKey Key { get; } = PassKey.Of(model, request);

    /// <summary>When it began to wait, in ticks of <see cref="System.Diagnostics.Stopwatch"/>.</summary>
    internal long Since { get; set; }
}
