using System.Security.Cryptography;
using System.Text;
using Nvg.Torch;

namespace Nvg.Pretrained;

/// <summary>Hash that identifies a set of weights.</summary>
public static class ParameterFingerprint
{
    /// <summary>SHA-256 over names (in ordinal order), shapes and values, in lower-case hexadecimal.</summary>
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
