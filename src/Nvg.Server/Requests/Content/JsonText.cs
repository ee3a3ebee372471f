using System.Text.Json;

namespace Nvg.Server.Requests.Content;

/// <summary>
/// Checks the strings of JSON before they are used, because a parser that reads strings lazily also finds invalid ones late.
/// </summary>
internal static class JsonText
{
    /// <summary>Throws if a string is not valid Unicode: broken UTF-8, or half of a surrogate pair.</summary>
    /// <exception cref="RequestException">A string is not valid Unicode.</exception>
    /// <exception cref="JsonException">The text is not JSON.</exception>
    internal static void RequireText(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = ServerJson.Options.MaxDepth });
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName)
                    _ = reader.GetString();
            }
        }
        catch (InvalidOperationException error)
        {
            throw RequestException.Field400(null, "the JSON holds a string that is not valid Unicode", error);
        }
    }
}
