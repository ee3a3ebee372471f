using Nvg.Generators;
using Nvg.Torch;

namespace Nvg;

/// <summary>
/// The generators of a model, in stored form and packed for sampling. As long as nobody has requested the stored weights, packing frees
/// them block by block, so sampling a large model does not need twice its memory. A later request loads them again. Safe to use from
/// several threads.
/// </summary>
/// <param name="generator">The stored weights; this object takes ownership.</param>
/// <param name="reload">Loads the same weights again.</param>
/// <param name="int8">Whether they are rounded to int8 when they are packed.</param>
internal sealed class GeneratorWeights(NvgGenerator generator, Func<NvgGenerator> reload, bool int8) : IDisposable
{
    private readonly Lock _lock = new();
    private NvgGenerator? _stored = generator;
    private PackedGenerator? _packed;
    private bool _isShared;

    /// <summary>Sizes.</summary>
    internal GeneratorConfig Config { get; } = generator.Config;

    /// <summary>Whether the weights are rounded to int8 when they are packed.</summary>
    internal bool IsInt8 => int8;

    /// <summary>Device of the parameters.</summary>
    internal Device Device { get; } = generator.Device;

    /// <summary>The weights in stored form.</summary>
    internal NvgGenerator Stored
    {
        get
        {
            lock (_lock)
            {
                // From now on, callers may hold these weights, so they must not be freed and may change.
                _isShared = true;
                if (_stored is null)
                {
                    _stored = reload();
                    _packed?.Watch(_stored.Parameters.Values);
                }

                return _stored;
            }
        }
    }

    /// <summary>The weights packed for sampling; packed again if the stored ones have changed since.</summary>
    internal PackedGenerator Packed
    {
        get
        {
            lock (_lock)
            {
                if (_packed is { IsOutdated: true })
                {
                    _packed.Dispose();
                    _packed = null;
                }

                return _packed ??= Pack();
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _packed?.Dispose();
            _stored?.Dispose();
        }
    }

    private PackedGenerator Pack()
    {
        NvgGenerator stored = _stored ??= reload();
        if (_isShared || !PackedGenerator.WouldPack(stored))
            return new PackedGenerator(stored, int8);
        _stored = null;
        return PackedGenerator.TakeOver(stored, int8);
    }
}
