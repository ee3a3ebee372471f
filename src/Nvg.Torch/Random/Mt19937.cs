using System.Runtime.InteropServices;

namespace Nvg.Torch;

/// <summary>
/// The 32-bit Mersenne Twister (Matsumoto and Nishimura, 1998). Numbers are drawn in the same way as by PyTorch's CPU generator: the same
/// seed gives the same numbers on every system.
/// </summary>
internal sealed class Mt19937
{
    private const int Size = 624;
    private const int Shift = 397;
    private const uint HighBit = 0x80000000;

    // PyTorch draws normal numbers vectorised in blocks of 16; fewer numbers are drawn one by one.
    private const int Block = 16;
    private const int StateLength = (Size + 5) * sizeof(ulong);

    private readonly uint[] _state = new uint[Size];
    private int _next = Size;
    private ulong _seed;
    private double? _spare;

    /// <param name="seed">The seed; only the low 32 bits are used, as in PyTorch.</param>
    internal Mt19937(ulong seed)
    {
        _seed = seed;
        _state[0] = (uint)seed;
        for (int i = 1; i < Size; i++)
            _state[i] = 1812433253 * (_state[i - 1] ^ (_state[i - 1] >> 30)) + (uint)i;
    }

    /// <summary>Uniform numbers in [0, 1) with 24 random bits.</summary>
    internal void FillUniform(Span<float> values)
    {
        for (int i = 0; i < values.Length; i++)
            values[i] = (Next() & ((1 << 24) - 1)) * (1f / (1 << 24));
    }

    /// <summary>Uniform numbers in [0, 1) with 53 random bits.</summary>
    internal void FillUniform(Span<double> values)
    {
        for (int i = 0; i < values.Length; i++)
            values[i] = NextDouble();
    }

    /// <summary>Standard normal numbers.</summary>
    internal void FillNormal(Span<float> values)
    {
        if (values.Length < Block)
        {
            for (int i = 0; i < values.Length; i++)
                values[i] = (float)NextNormal();
            return;
        }

        FillUniform(values);
        for (int i = 0; i <= values.Length - Block; i += Block)
            BoxMuller.Transform(values.Slice(i, Block));
        if (values.Length % Block == 0)
            return;
        // An incomplete last block overlaps the previous one and is redrawn as a whole.
        Span<float> last = values[^Block..];
        FillUniform(last);
        BoxMuller.Transform(last);
    }

    /// <summary>The whole state.</summary>
    internal byte[] GetState()
    {
        byte[] state = new byte[StateLength];
        Span<ulong> words = MemoryMarshal.Cast<byte, ulong>(state.AsSpan());
        for (int i = 0; i < Size; i++)
            words[i] = _state[i];
        words[Size] = (ulong)_next;
        words[Size + 1] = _seed;
        words[Size + 2] = _spare is null ? 0UL : 1;
        words[Size + 3] = BitConverter.DoubleToUInt64Bits(_spare ?? 0);
        words[Size + 4] = Check(words);
        return state;
    }

    /// <summary>Continues from a state.</summary>
    /// <exception cref="TorchException">The bytes are not a state of this generator.</exception>
    internal void SetState(ReadOnlySpan<byte> state)
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(state);
        if (state.Length != StateLength || words[Size + 4] != Check(words) || words[Size] > Size)
            throw new TorchException($"generator state: {state.Length} bytes are not a state of the managed door's generator");
        for (int i = 0; i < Size; i++)
            _state[i] = (uint)words[i];
        _next = (int)words[Size];
        _seed = words[Size + 1];
        _spare = words[Size + 2] == 0 ? null : BitConverter.UInt64BitsToDouble(words[Size + 3]);
    }

    private static ulong Check(ReadOnlySpan<ulong> words)
    {
        ulong sum = Size;
        foreach (ulong word in words[..(Size + 4)])
            sum = SplitMix64.Finalize(sum ^ word);
        return sum;
    }

    private uint Next()
    {
        if (_next == Size)
            Refill();
        uint y = _state[_next++];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9D2C5680;
        y ^= (y << 15) & 0xEFC60000;
        return y ^ (y >> 18);
    }

    private void Refill()
    {
        for (int i = 0; i < Size; i++)
        {
            uint mixed = (_state[i] & HighBit) | (_state[(i + 1) % Size] & ~HighBit);
            _state[i] = _state[(i + Shift) % Size] ^ (mixed >> 1) ^ ((mixed & 1) * 0x9908B0DF);
        }

        _next = 0;
    }

    private double NextDouble()
    {
        ulong high = Next(), low = Next();
        return (((high << 32) | low) & ((1UL << 53) - 1)) * (1.0 / (1UL << 53));
    }

    // Box–Muller transform in float64; each pair serves two calls.
    private double NextNormal()
    {
        if (_spare is { } kept)
        {
            _spare = null;
            return kept;
        }

        double angle = 2 * Math.PI * NextDouble(), u = NextDouble(), radius = Math.Sqrt(-2 * Math.Log(1 - u));
        _spare = radius * Math.Sin(angle);
        return radius * Math.Cos(angle);
    }
}
