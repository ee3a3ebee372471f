using System.Security.Cryptography;
using System.Text;

namespace Nvg.Server.Access;

/// <summary>The keys of clients. Keys are compared in constant time.</summary>
internal sealed class ApiKeys
{
    private const int NameLength = 8;
    private static readonly byte[] CookiePurpose = Encoding.UTF8.GetBytes("nvg session 1");

    private readonly (byte[] KeyHash, byte[] Cookie, byte[] CookieHash, string Client)[] _keys;

    public ApiKeys(NvgServerOptions options) => _keys = [.. options.Keys.Select(Prepare)];

    /// <summary>Whether clients need a key.</summary>
    internal bool AreRequired => _keys.Length > 0;

    /// <summary>The client of a key, or null if the key is not valid.</summary>
    internal string? ClientOf(string key) => Find(key, k => k.KeyHash);

    /// <summary>The client of a session cookie, or null if the cookie is not valid.</summary>
    internal string? ClientOfCookie(string value) => Find(value, k => k.CookieHash);

    /// <summary>
    /// The session cookie of a key, or null if the key is not valid. The cookie is derived from the key, so every replica
    /// recognises it and nothing is stored, but it does not reveal the key.
    /// </summary>
    internal string? CookieOf(string key)
    {
        string? cookie = null;
        byte[] hash = Hash(key);
        foreach (var known in _keys)
        {
            if (CryptographicOperations.FixedTimeEquals(known.KeyHash, hash))
                cookie = Convert.ToHexStringLower(known.Cookie);
        }

        return cookie;
    }

    private string? Find(string presented, Func<(byte[] KeyHash, byte[] Cookie, byte[] CookieHash, string Client), byte[]> hashOf)
    {
        string? client = null;
        byte[] hash = Hash(presented);
        foreach (var known in _keys)
        {
            if (CryptographicOperations.FixedTimeEquals(hashOf(known), hash))
                client = known.Client;
        }

        return client;
    }

    private static (byte[], byte[], byte[], string) Prepare(string key)
    {
        byte[] hash = Hash(key);
        byte[] cookie = HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), CookiePurpose);
        return (hash, cookie, Hash(Convert.ToHexStringLower(cookie)), "key " + Convert.ToHexStringLower(hash)[..NameLength]);
    }

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
