using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;

namespace Nvg.Server.Requests;

/// <summary>Seeds in JSON: whole numbers of 64 bits, or strings of their digits.</summary>
internal static class SeedField
{
    /// <summary>A seed.</summary>
    /// <exception cref="RequestException">It is none.</exception>
    internal static ulong Read(JsonElement value, string field)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetUInt64(out ulong number))
            return number;
        return value.ValueKind == JsonValueKind.String
            && ulong.TryParse(value.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out ulong digits)
            ? digits
            : throw RequestException.Field400(field,
                $"'{field}' must be a whole number from 0 to {ulong.MaxValue}, or a string of its digits");
    }

    /// <summary>A seed at random. Of 32 bits, so that every client can hold it.</summary>
    internal static ulong Draw() => (uint)RandomNumberGenerator.GetInt32(int.MinValue, int.MaxValue);
}
