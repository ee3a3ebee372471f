using Nvg.Torch.Interop;

namespace Nvg.Torch;

/// <summary>
/// A random generator. Every random operation takes one explicitly. There is no global state, so an image depends only on its own seed. On
/// the CPU, the stream equals that of PyTorch's generator with the same seed.
/// </summary>
public sealed class RandomGenerator : IDisposable
{
    /// <param name="seed">The seed. On the CPU, libtorch uses only the low 32 bits, as PyTorch does.</param>
    /// <param name="device">Device on which the numbers are drawn; the CPU by default.</param>
    public RandomGenerator(ulong seed, Device device = default)
    {
        Handle = new GeneratorHandle(Door.Current.NewGenerator(device, seed));
        Device = device;
    }

    /// <summary>Device on which the numbers are drawn.</summary>
    public Device Device { get; }

    internal GeneratorHandle Handle { get; }

    /// <summary>The whole state as bytes, for storing in a checkpoint.</summary>
    public byte[] GetState() => Door.Current.GetGeneratorState(Handle);

    /// <summary>Continues from a stored state.</summary>
    /// <exception cref="TorchException">The bytes are not a state of this kind of generator.</exception>
    public void SetState(ReadOnlySpan<byte> state) => Door.Current.SetGeneratorState(Handle, state);

    /// <inheritdoc/>
    public void Dispose() => Handle.Dispose();
}
