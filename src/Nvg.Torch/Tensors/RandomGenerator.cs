using Nvg.Torch.Interop;

namespace Nvg.Torch;

/// <summary>
/// A random generator that belongs to its owner. Every random operation takes one: there is no global state, so an
/// image depends on its own seed alone. On the CPU the stream equals that of PyTorch's generator of the same seed.
/// </summary>
public sealed class RandomGenerator : IDisposable
{
    /// <param name="seed">On the CPU libtorch reads its low 32 bits alone, as PyTorch does.</param>
    /// <param name="device">Where the numbers are drawn; the CPU by default.</param>
    public RandomGenerator(ulong seed, Device device = default)
    {
        Handle = new GeneratorHandle(Door.Current.NewGenerator(device, seed));
        Device = device;
    }

    /// <summary>Where the numbers are drawn.</summary>
    public Device Device { get; }

    internal GeneratorHandle Handle { get; }

    /// <summary>The whole state as bytes, to store in a checkpoint.</summary>
    public byte[] GetState() => Door.Current.GetGeneratorState(Handle);

    /// <summary>Continues from a stored state.</summary>
    /// <exception cref="TorchException">The bytes are not a state of this kind of generator.</exception>
    public void SetState(ReadOnlySpan<byte> state) => Door.Current.SetGeneratorState(Handle, state);

    /// <inheritdoc/>
    public void Dispose() => Handle.Dispose();
}
