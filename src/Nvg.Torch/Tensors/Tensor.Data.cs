using System.Runtime.InteropServices;
using Nvg.Torch.Files;
using Nvg.Torch.Interop;

namespace Nvg.Torch;

// Data transfer from and to .NET memory, and creation of tensors.
public sealed unsafe partial class Tensor
{
    private static readonly Operator EmptyOp = new("aten::empty", "memory_format");
    private static readonly Operator ZerosOp = new("aten::zeros");
    private static readonly Operator FullOp = new("aten::full");
    private static readonly Operator ArangeOp = new("aten::arange", "start_step");
    private static readonly Operator RandnOp = new("aten::randn", "generator");
    private static readonly Operator RandOp = new("aten::rand", "generator");
    private static readonly Operator ZerosLikeOp = new("aten::zeros_like");
    private static readonly Operator CopyOp = new("aten::copy_");
    private static readonly Operator PinMemoryOp = new("aten::pin_memory");
    private static readonly Operator ToOp = new("aten::to", "dtype_layout");
    private static readonly Operator ItemOp = new("aten::_local_scalar_dense");

    /// <summary>A CPU tensor with a copy of the values, row-major in the given shape.</summary>
    public static Tensor From<T>(ReadOnlySpan<T> values, params ReadOnlySpan<long> shape) where T : unmanaged
    {
        nint handle;
        fixed (T* data = values)
        fixed (long* sizes = shape)
        {
            handle = Door.Current.CopyTensor(
                data, (long)values.Length * sizeof(T), (int)ScalarTypes.Of<T>(), sizes, shape.Length);
        }

        return Adopt(handle);
    }

    /// <inheritdoc cref="From{T}(ReadOnlySpan{T}, ReadOnlySpan{long})"/>
    public static Tensor From<T>(T[] values, params ReadOnlySpan<long> shape) where T : unmanaged =>
        From((ReadOnlySpan<T>)values, shape);

    /// <summary>A CPU tensor of raw little-endian bytes of the given element type.</summary>
    public static Tensor FromBytes(ReadOnlySpan<byte> bytes, ScalarType type, params ReadOnlySpan<long> shape)
    {
        nint handle;
        fixed (byte* data = bytes)
        fixed (long* sizes = shape)
            handle = Door.Current.CopyTensor(data, bytes.Length, (int)type, sizes, shape.Length);
        return Adopt(handle);
    }

    /// <summary>A CPU tensor with a copy of raw little-endian memory of any length.</summary>
    internal static Tensor FromMemory(void* data, long byteCount, ScalarType type, ReadOnlySpan<long> shape)
    {
        nint handle;
        fixed (long* sizes = shape)
            handle = Door.Current.CopyTensor(data, byteCount, (int)type, sizes, shape.Length);
        return Adopt(handle);
    }

    /// <summary>
    /// A CPU tensor over the memory of <paramref name="owner"/>, which stays referenced until the last native reference is released. The
    /// managed door cannot detect this and copies the memory instead.
    /// </summary>
    /// <param name="data">First element; aligned for the element type, readable for the whole shape.</param>
    /// <param name="type">Element type.</param>
    /// <param name="shape">Sizes, row-major.</param>
    /// <param name="owner">Keeps the memory valid, for example a mapped file.</param>
    internal static Tensor Wrap(void* data, ScalarType type, ReadOnlySpan<long> shape, object owner)
    {
        var keepAlive = GCHandle.Alloc(owner);
        nint handle;
        fixed (long* sizes = shape)
            handle = Door.Current.WrapTensor(data, (int)type, sizes, shape.Length, &ReleaseOwner, GCHandle.ToIntPtr(keepAlive));
        return Adopt(handle);
    }

    /// <summary>A single number as a zero-dimensional tensor.</summary>
    public static Tensor Scalar(double value, ScalarType type = ScalarType.Float32, Device device = default) =>
        FullOp.Call(Array.Empty<long>(), value, type, Argument.None, device);

    /// <summary>Uninitialised memory.</summary>
    public static Tensor Empty(long[] shape, ScalarType type = ScalarType.Float32, Device device = default) =>
        EmptyOp.Call(shape, type, Argument.None, device);

    /// <summary>Filled with zeros.</summary>
    public static Tensor Zeros(long[] shape, ScalarType type = ScalarType.Float32, Device device = default) =>
        ZerosOp.Call(shape, type, Argument.None, device);

    /// <summary>Filled with a constant.</summary>
    public static Tensor Full(long[] shape, double value, ScalarType type = ScalarType.Float32, Device device = default) =>
        FullOp.Call(shape, value, type, Argument.None, device);

    /// <summary>Zeros with the shape, type and device of another tensor.</summary>
    public static Tensor ZerosLike(Tensor other) => ZerosLikeOp.Call(other);

    /// <summary>The numbers from <paramref name="start"/> up to, but not including, <paramref name="end"/>.</summary>
    public static Tensor Arange(double start, double end, double step = 1, ScalarType type = ScalarType.Float32, Device device = default) =>
        ArangeOp.Call(start, end, step, type, Argument.None, device);

    /// <summary>Standard normal numbers.</summary>
    public static Tensor Randn(long[] shape, RandomGenerator generator, ScalarType type = ScalarType.Float32) =>
        RandnOp.Call(shape, generator, type, Argument.None, generator.Device);

    /// <summary>Uniform numbers in [0, 1).</summary>
    public static Tensor Rand(long[] shape, RandomGenerator generator, ScalarType type = ScalarType.Float32) =>
        RandOp.Call(shape, generator, type, Argument.None, generator.Device);

    /// <summary>The values converted to an element type; an alias if they already have it.</summary>
    public Tensor To(ScalarType type) => ToOp.Call(this, type);

    /// <summary>The values on a device; an alias if they are already there.</summary>
    /// <param name="device">The target device.</param>
    /// <param name="nonBlocking">Whether to return without waiting for the copy (from pinned memory).</param>
    public Tensor To(Device device, bool nonBlocking = false) =>
        ToOp.Call(this, Argument.None, Argument.None, device, Argument.None, nonBlocking);

    /// <summary>Copies host memory to another device; copies to a GPU use pinned memory and do not wait for completion.</summary>
    /// <returns>The copy, or an alias if the device is the same.</returns>
    public Tensor Send(Device device)
    {
        if (device.Type != DeviceType.Cuda)
            return To(device);
        // The pinned-memory allocator keeps the memory until the copy is done.
        using Tensor pinned = PinMemoryOp.Call(this, Argument.None);
        return pinned.To(device, nonBlocking: true);
    }

    /// <summary>The values on a device, converted to an element type.</summary>
    public Tensor To(Device device, ScalarType type) => ToOp.Call(this, type, Argument.None, device);

    /// <summary>Overwrites the values with another tensor's, converting and broadcasting.</summary>
    public void CopyFrom(Tensor source) => CopyOp.Run(this, source);

    /// <summary>The value of a tensor with one element. Waits for the device.</summary>
    /// <exception cref="TorchArgumentException">The tensor does not have exactly one element.</exception>
    public double Item()
    {
        // The operator itself would read the first element of any tensor.
        if (ElementCount != 1)
            throw new TorchArgumentException($"{this} is not one number");
        return ItemOp.CallNumber(this);
    }

    /// <summary>All values, row-major, as a new array. The element types must be the same.</summary>
    public T[] ToArray<T>() where T : unmanaged
    {
        var values = new T[ElementCount];
        CopyTo<T>(values);
        return values;
    }

    /// <summary>Writes all values, row-major, into <paramref name="destination"/>.</summary>
    public void CopyTo<T>(Span<T> destination) where T : unmanaged
    {
        if (ScalarType != ScalarTypes.Of<T>())
            throw new TorchArgumentException($"{this} is not read as {typeof(T).Name}");
        if (destination.Length != ElementCount)
            throw new TorchArgumentException($"{this} does not fit {destination.Length} elements");
        CopyBytesTo(MemoryMarshal.AsBytes(destination));
    }

    /// <summary>Writes the raw little-endian elements, row-major, into <paramref name="destination"/>.</summary>
    public void CopyBytesTo(Span<byte> destination)
    {
        using Tensor host = To(Device.Cpu);
        using Tensor contiguous = host.Contiguous();
        if (destination.Length != contiguous.ElementCount * contiguous.ScalarType.ByteSize())
            throw new TorchArgumentException($"{this} does not fit {destination.Length} bytes");
        new ReadOnlySpan<byte>(contiguous.DataPointer(), destination.Length).CopyTo(destination);
    }

    /// <summary>
    /// Passes the raw little-endian elements, row-major, to a callback in slices, because an array cannot hold the largest tensors.
    /// </summary>
    internal void VisitBytes(Action<ReadOnlySpan<byte>> visit)
    {
        const int sliceBytes = 1 << 24;
        int size = ScalarType.ByteSize();
        using Tensor flat = Reshape(-1);
        long count = flat.ElementCount, step = sliceBytes / size;
        byte[] bytes = new byte[Math.Min(count, step) * size];
        for (long start = 0; start < count; start += step)
        {
            using Tensor slice = flat.Narrow(0, start, Math.Min(step, count - start));
            Span<byte> part = bytes.AsSpan(0, (int)(slice.ElementCount * size));
            slice.CopyBytesTo(part);
            visit(part);
        }
    }

    /// <summary>The elements of a contiguous CPU tensor in place, valid as long as this tensor is alive.</summary>
    public Span<T> AsSpan<T>() where T : unmanaged
    {
        if (ScalarType != ScalarTypes.Of<T>() || Device.Type != DeviceType.Cpu || !IsContiguous)
            throw new TorchArgumentException($"{this} has no contiguous CPU memory of {typeof(T).Name}");
        return new Span<T>(DataPointer(), checked((int)ElementCount));
    }

    private void* DataPointer() => Door.Current.DataOf(Handle);

    [UnmanagedCallersOnly]
    private static void ReleaseOwner(nint context)
    {
        GCHandle handle = GCHandle.FromIntPtr(context);
        (handle.Target as MappedFile.Range)?.Discard();
        handle.Free();
    }
}
