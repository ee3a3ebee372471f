using System.Net.ServerSentEvents;
using System.Text.Json;

namespace Nvg.Server.Tests;

/// <summary>An event as a client reads it, with the parser of .NET.</summary>
internal sealed record ServerEvent(string? Id, string Name, string Data)
{
    internal JsonElement Json => JsonDocument.Parse(Data).RootElement;

    internal static async Task<List<ServerEvent>> ReadAllAsync(Stream stream)
    {
        var events = new List<ServerEvent>();
        await foreach (SseItem<string> item in SseParser.Create(stream).EnumerateAsync())
            events.Add(new ServerEvent(item.EventId, item.EventType, item.Data));
        return events;
    }
}
