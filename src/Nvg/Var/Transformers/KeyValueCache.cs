using Nvg.Torch;

namespace Nvg.Var.Transformers;

/// <summary>
/// Keys and values of one block for all tokens so far. The memory for all tokens of an image is allocated once. Every scale writes its
/// part, and attention reads a view of the filled part. Owns its tensors.
/// </summary>
/// <remarks>Shapes: N sequences, H heads, L tokens of an image, D head size.</remarks>
internal sealed class KeyValueCache : IDisposable
{
    private readonly Tensor _keys_NHLD;
    private readonly Tensor _values_NHLD;
    private long _length;

    /// <param name="shape">N × H × L × D.</param>
    /// <param name="type">Element type of keys and values.</param>
    /// <param name="device">Device of keys and values.</param>
    internal KeyValueCache(long[] shape, ScalarType type, Device device)
    {
        _keys_NHLD = Tensor.Empty(shape, type, device).Own();
        _values_NHLD = Tensor.Empty(shape, type, device).Own();
    }

    /// <summary>Memory of the keys, N × H × L × D; the first <see cref="Length"/> tokens are filled.</summary>
    internal Tensor Keys_NHLD => _keys_NHLD;

    /// <summary>Memory of the values.</summary>
    internal Tensor Values_NHLD => _values_NHLD;

    /// <summary>Number of tokens so far.</summary>
    internal long Length => _length;

    /// <summary>Advances the length by tokens whose keys and values a kernel has already written.</summary>
    internal void Advance(long count) => _length += count;

    /// <summary>Adds the keys and values of the next tokens.</summary>
    /// <returns>Views of all keys and values so far, N × H × T × D; the caller disposes them.</returns>
    internal (Tensor Keys, Tensor Values) Append(Tensor keys_NHTD, Tensor values_NHTD)
    {
        long count = keys_NHTD.Size(2);
        using (Tensor place = _keys_NHLD.Narrow(2, _length, count))
            place.CopyFrom(keys_NHTD);
        using (Tensor place = _values_NHLD.Narrow(2, _length, count))
            place.CopyFrom(values_NHTD);
        Advance(count);
        return (_keys_NHLD.Narrow(2, 0, _length), _values_NHLD.Narrow(2, 0, _length));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _keys_NHLD.Dispose();
        _values_NHLD.Dispose();
    }
}
