using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Nvg.Torch;

namespace Nvg.Documents;

/// <summary>
/// Detects damaged documents: SHA-256 over the text of the description, followed by all tensors in order of their names. Each tensor is a
/// line with name, element type and sizes separated by spaces, followed by its bytes.
/// </summary>
internal static class DocumentChecksum
{
    /// <summary>The checksum in hexadecimal.</summary>
    /// <param name="description">The JSON text in stored form.</param>
    /// <param name="tensors">Tensors of bytes or 32-bit integers; borrowed.</param>
    /// <exception cref="ArgumentException">A tensor has a different type.</exception>
    internal static string Of(string description, IEnumerable<KeyValuePair<string, Tensor>> tensors)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(description));
        foreach ((string name, Tensor tensor) in tensors.OrderBy(t => t.Key, StringComparer.Ordinal))
        {
            (string type, byte[] bytes) = tensor.ScalarType switch
            {
                ScalarType.UInt8 => ("U8", tensor.ToArray<byte>()),
                ScalarType.Int32 => ("I32", MemoryMarshal.AsBytes<int>(tensor.ToArray<int>()).ToArray()),
                _ => throw new ArgumentException($"'{name}' must be of bytes or 32-bit integers, it is {tensor}"),
            };
            hash.AppendData(Encoding.UTF8.GetBytes($"{name} {type} {string.Join(' ', tensor.Shape.ToArray())}\n"));
            hash.AppendData(bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
