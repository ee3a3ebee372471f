using System.Security.Cryptography;
using System.Text;
using Nvg.Torch;

namespace Nvg.Pretrained;

/// <summary>Tells weights apart.</summary>
public static class ParameterFingerprint
{
    /// <summary>SHA-256 over names, shapes and values, names in the order of code units; in lower-case hexadecimal.</summary>
    /// <param name="tensors">The weights; borrowed.</param>
    public static string Of(IReadOnlyDictionary<string, Tensor> tensors)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string name in tensors.Keys.Order(StringComparer.Ordinal))
        {
            Tensor tensor = tensors[name];
            hash.AppendData(Encoding.UTF8.GetBytes($"{name} {tensor.ScalarType} {string.Join(',', tensor.Shape.ToArray())}\n"));
            byte[] bytes = new byte[tensor.ElementCount * tensor.ScalarType.ByteSize()];
            tensor.CopyBytesTo(bytes);
            hash.AppendData(bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
