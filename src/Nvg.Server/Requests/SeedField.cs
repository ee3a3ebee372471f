using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;

namespace Nvg.Server.Requests;

/// <summary>Seeds in JSON: 64-bit integers, or strings of their digits.</summary>
internal static class SeedField
{
    /// <summary>Reads a seed.</summary>
    /// <exception cref="RequestException">The value is not a seed.</exception>
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

    /// <summary>Draws a random seed of 32 bits, so that every client can represent it.</summary>
    internal static ulong Draw() => (uint)RandomNumberGenerator.GetInt32(int.MinValue, int.MaxValue);
}
