using System.Runtime.InteropServices;

namespace Nvg.Torch.Interop.Managed;

/// <summary>Creates tensors filled with given or random numbers.</summary>
internal static unsafe class Fills
{
    private static readonly StableOperator Empty = new(OperatorTable.Find("empty.memory_format")!);
    private static readonly StableOperator Fill = new(OperatorTable.Find("fill_.Tensor")!);
    private static readonly StableOperator To = new(OperatorTable.Find("to.dtype_layout")!);

    /// <summary>A single value everywhere (<c>full</c>: size, value, then type, layout, device).</summary>
    internal static NativeValue Full(ReadOnlySpan<NativeValue> a)
    {
        using var empty = new OwnedTensor(Empty.CallOne([a[0], .. a[2..]]));
        using OwnedTensor number = Number.Beside(a[1], empty.Handle);
        return OwnedTensor.ValueOf(Fill.CallOne(empty.Value, number.Value));
    }

    /// <summary>Evenly spaced numbers (<c>arange.start_step</c>: start, end, step, then type, layout, device).</summary>
    internal static NativeValue Range(ReadOnlySpan<NativeValue> a)
    {
        double start = Number.Of(a[0]), end = Number.Of(a[1]), step = Number.Of(a, 2, 1);
        double[] values = new double[Math.Max(0, (long)Math.Ceiling((end - start) / step))];
        for (int i = 0; i < values.Length; i++)
            values[i] = start + step * i;
        return Moved<double>(values, ScalarType.Float64, [values.Length], a[3..]);
    }

    /// <summary>Uniform numbers (<c>rand.generator</c>: size, generator, then type, layout, device).</summary>
    internal static NativeValue Uniform(ReadOnlySpan<NativeValue> a)
    {
        ReadOnlySpan<long> shape = ShapeOf(a[0]);
        if (a.Length > 2 && a[2].Kind == ValueKind.Int && (ScalarType)a[2].Payload == ScalarType.Float64)
        {
            double[] wide = new double[CountOf(shape)];
            GeneratorOf(a[1]).FillUniform(wide);
            return Moved<double>(wide, ScalarType.Float64, shape, a[2..]);
        }

        float[] values = new float[CountOf(shape)];
        GeneratorOf(a[1]).FillUniform(values);
        return Moved<float>(values, ScalarType.Float32, shape, a[2..]);
    }

    /// <summary>Standard normal numbers (<c>randn.generator</c>), drawn in float32.</summary>
    internal static NativeValue Normal(ReadOnlySpan<NativeValue> a)
    {
        ReadOnlySpan<long> shape = ShapeOf(a[0]);
        float[] values = new float[CountOf(shape)];
        GeneratorOf(a[1]).FillNormal(values);
        return Moved<float>(values, ScalarType.Float32, shape, a[2..]);
    }

    /// <summary>Creates a CPU tensor with a copy of the bytes.</summary>
    internal static nint Copy(void* data, long byteCount, ScalarType type, ReadOnlySpan<long> shape)
    {
        long count = CountOf(shape), needed = count * type.ByteSize();
        if (needed != byteCount)
            throw new TorchArgumentException($"tensor from values: the shape needs {needed} bytes, {byteCount} were given");
        long* strides = stackalloc long[shape.Length];
        long stride = 1;
        for (int i = shape.Length - 1; i >= 0; i--)
        {
            strides[i] = stride;
            stride *= Math.Max(1, shape[i]);
        }

        nint tensor;
        fixed (long* sizes = shape)
        {
            StableExports.Check(StableExports.aoti_torch_empty_strided(
                shape.Length, sizes, strides, (int)type, (int)DeviceType.Cpu, -1, &tensor));
        }

        void* memory;
        StableExports.Check(StableExports.aoti_torch_get_data_ptr(tensor, &memory));
        if (needed > 0)
            NativeMemory.Copy(data, memory, (nuint)needed);
        return tensor;
    }

    private static NativeValue Moved<T>(ReadOnlySpan<T> values, ScalarType type, ReadOnlySpan<long> shape, ReadOnlySpan<NativeValue> to)
        where T : unmanaged
    {
        fixed (T* data = values)
        {
            using var tensor = new OwnedTensor(Copy(data, (long)values.Length * sizeof(T), type, shape));
            return OwnedTensor.ValueOf(To.CallOne([tensor.Value, .. to]));
        }
    }

    private static Mt19937 GeneratorOf(in NativeValue value) => value.Kind == ValueKind.Generator
        ? (Mt19937)GCHandle.FromIntPtr((nint)value.Payload).Target!
        : throw new DoorException(NativeStatus.Argument, "random numbers need a generator");

    private static ReadOnlySpan<long> ShapeOf(in NativeValue value) => new((void*)value.Payload, value.Count);

    private static long CountOf(ReadOnlySpan<long> shape)
    {
        long count = 1;
        for (int i = 0; i < shape.Length; i++)
        {
            count = shape[i] >= 0
                ? checked(count * shape[i])
                : throw new TorchArgumentException($"tensor from values: negative size {shape[i]} in dimension {i}");
        }

        return count;
    }
}
