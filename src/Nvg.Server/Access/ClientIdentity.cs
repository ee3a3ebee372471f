using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Nvg.Server.Access;

/// <summary>Identifies the client of a request: by key if keys are required, otherwise by address.</summary>
internal sealed class ClientIdentity
{
    internal const string CookieName = "nvg-session";

    private const string Bearer = "Bearer ", Basic = "Basic ";
    private const int LongestHeader = 1024;

    private readonly ApiKeys _keys;

    public ClientIdentity(ApiKeys keys) => _keys = keys;

    /// <summary>Whether clients need a key.</summary>
    internal bool NeedsKey => _keys.AreRequired;

    /// <summary>The client, or null if a required key is missing or wrong.</summary>
    internal string? Find(HttpContext http)
    {
        if (!_keys.AreRequired)
            return $"address {http.Connection.RemoteIpAddress}";
        string header = http.Request.Headers.Authorization.ToString();
        if (header.Length is > 0 and <= LongestHeader)
            return Key(header) is { } key ? _keys.ClientOf(key) : null;
        return http.Request.Cookies[CookieName] is { Length: > 0 and <= LongestHeader } cookie ? _keys.ClientOfCookie(cookie) : null;
    }

    /// <summary>Returns the client.</summary>
    /// <exception cref="RequestException">A required key is missing or wrong (401).</exception>
    internal string Require(HttpContext http) => Find(http) ?? throw Refused(http);

    /// <summary>Sets the session cookie of a key.</summary>
    /// <returns>Whether the key is valid.</returns>
    internal bool TrySignIn(HttpContext http, string key)
    {
        if (_keys.CookieOf(key) is not { } cookie)
            return false;
        http.Response.Cookies.Append(CookieName, cookie, Cookie(http));
        return true;
    }

    /// <summary>Removes the session cookie.</summary>
    internal static void SignOut(HttpContext http) => http.Response.Cookies.Delete(CookieName, Cookie(http));

    private static CookieOptions Cookie(HttpContext http) =>
        new() { HttpOnly = true, SameSite = Microsoft.AspNetCore.Http.SameSiteMode.Strict, Secure = http.Request.IsHttps, Path = "/" };

    private static RequestException Refused(HttpContext http)
    {
        http.Response.Headers[HeaderNames.WWWAuthenticate] = "Bearer";
        bool isMissing = http.Request.Headers.Authorization.Count == 0;
        string message = isMissing ? "a key is needed: Authorization: Bearer KEY" : "the key is not valid";
        return new RequestException(401, message) { Code = "invalid_api_key" };
    }

    // Some clients support only Basic authentication; the key is then the password.
    private static string? Key(string header)
    {
        if (header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
            return header[Bearer.Length..].Trim();
        if (!header.StartsWith(Basic, StringComparison.OrdinalIgnoreCase))
            return null;
        Span<byte> decoded = stackalloc byte[LongestHeader];
        if (!Convert.TryFromBase64String(header[Basic.Length..].Trim(), decoded, out int length))
            return null;
        string pair = Encoding.UTF8.GetString(decoded[..length]);
        int colon = pair.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? null : pair[(colon + 1)..];
    }
}
