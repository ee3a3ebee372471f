using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Nvg.Server.Native;

/// <summary>Writes server-sent events. Each event is flushed and nothing is buffered, so a slow reader makes the writer wait.</summary>
internal sealed class ServerSentEvents
{
    /// <summary>Time without an event after which a comment keeps the connection open.</summary>
    internal static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    private readonly HttpResponse _response;

    private ServerSentEvents(HttpResponse response) => _response = response;

    /// <summary>Starts a response of events.</summary>
    internal static async Task<ServerSentEvents> BeginAsync(HttpContext http)
    {
        http.Response.ContentType = "text/event-stream";
        http.Response.Headers.CacheControl = "no-cache,no-store";
        // Proxies that buffer responses would hold the events back.
        http.Response.Headers["X-Accel-Buffering"] = "no";
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        await http.Response.StartAsync(http.RequestAborted).ConfigureAwait(false);
        await http.Response.Body.FlushAsync(http.RequestAborted).ConfigureAwait(false);
        return new ServerSentEvents(http.Response);
    }

    /// <summary>Writes an event.</summary>
    /// <param name="name">Type of the event.</param>
    /// <param name="data">One line of UTF-8.</param>
    /// <param name="id">Id of the event, or null.</param>
    /// <param name="cancellation">Cancelled when the reader disconnects.</param>
    internal async Task WriteAsync(string name, ReadOnlyMemory<byte> data, int? id, CancellationToken cancellation)
    {
        string head = id is null ? $"event: {name}\ndata: " : $"id: {id}\nevent: {name}\ndata: ";
        await _response.WriteAsync(head, cancellation).ConfigureAwait(false);
        await _response.Body.WriteAsync(data, cancellation).ConfigureAwait(false);
        await _response.WriteAsync("\n\n", cancellation).ConfigureAwait(false);
        await _response.Body.FlushAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Writes a comment, which readers ignore.</summary>
    internal async Task KeepOpenAsync(CancellationToken cancellation)
    {
        await _response.WriteAsync(": \n\n", cancellation).ConfigureAwait(false);
        await _response.Body.FlushAsync(cancellation).ConfigureAwait(false);
    }
}
