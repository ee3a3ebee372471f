namespace Nvg.Server.Requests.Content;

/// <summary>Reads bytes in JSON encoded as base64, with or without the prefix of a data URL.</summary>
internal static class Base64Field
{
    /// <summary>The bytes.</summary>
    /// <exception cref="RequestException">The text is not base64.</exception>
    internal static byte[] Read(string text, string field)
    {
        ReadOnlySpan<char> base64 = text;
        if (base64.StartsWith("data:", StringComparison.OrdinalIgnoreCase))
        {
            int comma = base64.IndexOf(',');
            if (comma < 0 || !base64[..comma].EndsWith(";base64", StringComparison.OrdinalIgnoreCase))
                throw RequestException.Field400(field, $"'{field}' is a data URL without base64");
            base64 = base64[(comma + 1)..];
        }

        byte[] bytes = new byte[base64.Length / 4 * 3 + 3];
        return Convert.TryFromBase64Chars(base64, bytes, out int count)
            ? bytes[..count]
            : throw RequestException.Field400(field, $"'{field}' is not base64; URLs are not fetched");
    }

    /// <summary>A PNG as a data URL.</summary>
    internal static string PngUrl(byte[] png) => "data:image/png;base64," + Convert.ToBase64String(png);
}
