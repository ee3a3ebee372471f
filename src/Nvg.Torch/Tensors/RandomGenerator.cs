using Nvg.Torch.Interop;

namespace Nvg.Torch;

/// <summary>
/// A random generator that belongs to its owner. Every random operation takes one: there is no global state, so an
/// image depends on its own seed alone. On the CPU the stream equals that of PyTorch's generator of the same seed.
/// </summary>
public sealed unsafe class RandomGenerator : IDisposable
{
    /// <param name="seed">On the CPU libtorch reads its low 32 bits alone, as PyTorch does.</param>
    /// <param name="device">Where the numbers are drawn; the CPU by default.</param>
    public RandomGenerator(ulong seed, Device device = default)
    {
        nint handle;
        Native.Check(Native.nvgt_generator_new((int)device.Type, device.Type == DeviceType.Cpu ? -1 : device.Index, seed, &handle), "generator");
        Handle = new GeneratorHandle(handle);
        Device = device;
    }

    /// <summary>Where the numbers are drawn.</summary>
    public Device Device { get; }

    internal GeneratorHandle Handle { get; }

    /// <summary>The whole state as bytes, to store in a checkpoint.</summary>
    public byte[] GetState()
    {
        nint state;
        Native.Check(Native.nvgt_generator_get_state(Handle, &state), "generator state");
        using Tensor tensor = Tensor.Adopt(state);
        return tensor.ToArray<byte>();
    }

    /// <summary>Continues from a stored state.</summary>
    /// <exception cref="TorchException">The bytes are not a state of this kind of generator.</exception>
    public void SetState(ReadOnlySpan<byte> state)
    {
        using Tensor tensor = Tensor.From(state, state.Length);
        Native.Check(Native.nvgt_generator_set_state(Handle, tensor.Handle), "generator state");
    }

    /// <inheritdoc/>
    public void Dispose() => Handle.Dispose();
}
