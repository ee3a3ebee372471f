using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Nvg.Torch.Interop;

namespace Nvg.Torch;

/// <summary>
/// An operator of libtorch's dispatcher, for example <c>aten::add.Tensor</c>. It is looked up once and can be called any number of times.
/// libtorch applies autograd and autocast and selects the device's kernel at each call.
/// </summary>
public sealed unsafe class Operator
{
    private const int ResultCapacity = 8;

    // Number of slots kept on the stack; longer lists (many tensors at once) use native memory.
    private const int SmallBlock = 128;

    private readonly Lazy<nint> _handle;

    /// <param name="name">Qualified name, such as <c>aten::add</c>.</param>
    /// <param name="overload">Overload name, such as <c>Tensor</c>; empty for the default overload.</param>
    /// <remarks>The operator is looked up at the first call, so operators can be static fields.</remarks>
    public Operator(string name, string overload = "")
    {
        Name = overload.Length == 0 ? name : $"{name}.{overload}";
        _handle = new Lazy<nint>(() => Door.Current.FindOperator(name, overload));
    }

    /// <summary>The qualified name with the overload.</summary>
    public string Name { get; }

    /// <summary>Whether the loaded libtorch has this operator.</summary>
    public bool Exists
    {
        get
        {
            try
            {
                return _handle.Value != 0;
            }
            catch (TorchOperatorException)
            {
                return false;
            }
        }
    }

    /// <summary>The operator's schema in libtorch's notation.</summary>
    public string Schema => Door.Current.SchemaOf(_handle.Value);

    /// <summary>Calls an operator that returns one tensor.</summary>
    /// <returns>A new tensor, which the caller owns; an in-place operator returns an alias of its first argument.</returns>
    /// <exception cref="TorchArgumentException">The operator returns something other than one tensor.</exception>
    /// <exception cref="TorchException">libtorch reported an error; the message names operator, shapes and reason.</exception>
    public Tensor Call(params ReadOnlySpan<Argument> arguments)
    {
        NativeValue* results = stackalloc NativeValue[1];
        if (Invoke(arguments, results, 1) != 1 || results[0].Kind != ValueKind.Tensor)
            throw new TorchArgumentException($"{Name} does not give one tensor: {Schema}");
        return Tensor.Adopt((nint)results[0].Payload);
    }

    /// <summary>Calls an in-place operator, whose result is its first argument.</summary>
    public void Run(params ReadOnlySpan<Argument> arguments)
    {
        NativeValue* results = stackalloc NativeValue[ResultCapacity];
        int count = Invoke(arguments, results, ResultCapacity);
        for (int i = 0; i < count; i++)
        {
            if (results[i].Kind == ValueKind.Tensor && results[i].Payload != 0)
                _ = Door.Current.ReleaseTensor((nint)results[i].Payload);
        }
    }

    /// <summary>Calls an operator that returns several tensors; lists are flattened, undefined tensors are null.</summary>
    public Tensor?[] CallMany(int capacity, params ReadOnlySpan<Argument> arguments)
    {
        NativeValue[] rented = new NativeValue[capacity];
        fixed (NativeValue* results = rented)
        {
            int count = Invoke(arguments, results, capacity);
            var tensors = new Tensor?[count];
            for (int i = 0; i < count; i++)
            {
                if (results[i].Kind == ValueKind.Tensor && results[i].Payload != 0)
                    tensors[i] = Tensor.Adopt((nint)results[i].Payload);
            }

            return tensors;
        }
    }

    /// <summary>Calls an operator that returns one number.</summary>
    public double CallNumber(params ReadOnlySpan<Argument> arguments)
    {
        NativeValue* results = stackalloc NativeValue[1];
        int count = Invoke(arguments, results, 1);
        if (count == 1 && results[0].Kind == ValueKind.Tensor && results[0].Payload != 0)
            _ = Door.Current.ReleaseTensor((nint)results[0].Payload);
        if (count != 1 || results[0].Kind is not (ValueKind.Double or ValueKind.Int or ValueKind.Bool))
            throw new TorchArgumentException($"{Name} does not give one number: {Schema}");
        return results[0].Kind == ValueKind.Double ? BitConverter.Int64BitsToDouble(results[0].Payload) : results[0].Payload;
    }

    private int Invoke(ReadOnlySpan<Argument> arguments, NativeValue* results, int capacity)
    {
        // Lists and strings are passed in one block of eight-byte slots; its size is known before anything is pinned.
        int slots = 0;
        foreach (ref readonly Argument argument in arguments)
            slots += SlotsOf(argument);
        Span<long> small = slots <= SmallBlock ? stackalloc long[slots] : default;
        long* block = slots <= SmallBlock
            ? (long*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(small))
            : (long*)NativeMemory.Alloc((nuint)slots, sizeof(long));
        NativeValue* values = stackalloc NativeValue[arguments.Length];
        var pinned = new PinnedHandles(slots + arguments.Length);
        try
        {
            long* next = block;
            for (int i = 0; i < arguments.Length; i++)
                values[i] = ToNative(arguments[i], ref next, ref pinned);
            return Door.Current.CallOperator(_handle.Value, values, arguments.Length, results, capacity);
        }
        catch (DoorException refusal)
        {
            throw DoorException.Describe(refusal.Status, Describe(arguments), refusal.Message).Of(Name, ShapesOf(arguments));
        }
        finally
        {
            pinned.Dispose();
            if (slots > SmallBlock)
                NativeMemory.Free(block);
        }
    }

    private static int SlotsOf(in Argument argument) => argument.Object switch
    {
        Array array when argument.Kind == ValueKind.BoolList => (array.Length + 7) / 8,
        Array array => array.Length,
        string text => (Encoding.UTF8.GetByteCount(text) + 7) / 8,
        _ => 0,
    };

    private static NativeValue ToNative(in Argument argument, ref long* next, ref PinnedHandles pinned)
    {
        var value = new NativeValue { Kind = argument.Kind, Payload = argument.Bits };
        switch (argument.Object)
        {
            case Tensor tensor:
                value.Payload = pinned.Add(tensor.Handle);
                return value;
            case RandomGenerator generator:
                value.Payload = pinned.Add(generator.Handle);
                return value;
            case null:
                return value;
        }

        value.Payload = (long)next;
        switch (argument.Object)
        {
            case long[] list:
                value.Count = list.Length;
                list.CopyTo(new Span<long>(next, list.Length));
                break;
            case double[] list:
                value.Count = list.Length;
                list.CopyTo(new Span<double>(next, list.Length));
                break;
            case bool[] list:
                value.Count = list.Length;
                MemoryMarshal.AsBytes<bool>(list).CopyTo(new Span<byte>(next, list.Length));
                break;
            case Tensor?[] list:
                value.Count = list.Length;
                for (int i = 0; i < list.Length; i++)
                    next[i] = list[i] is { } tensor ? pinned.Add(tensor.Handle) : 0;
                break;
            case string text:
                value.Count = Encoding.UTF8.GetBytes(text, new Span<byte>(next, Encoding.UTF8.GetByteCount(text)));
                break;
        }

        next += SlotsOf(argument);
        return value;
    }

    private static List<IReadOnlyList<long>> ShapesOf(ReadOnlySpan<Argument> arguments)
    {
        List<IReadOnlyList<long>> shapes = [];
        foreach (ref readonly Argument argument in arguments)
        {
            IEnumerable<Tensor?> tensors = argument.Object switch
            {
                Tensor tensor => [tensor],
                Tensor?[] list => list,
                _ => [],
            };
            shapes.AddRange(tensors.OfType<Tensor>().Select(tensor => tensor.Shape.ToArray()));
        }

        return shapes;
    }

    private string Describe(ReadOnlySpan<Argument> arguments)
    {
        var text = new StringBuilder(Name).Append('(');
        for (int i = 0; i < arguments.Length; i++)
        {
            if (i > 0)
                text.Append(", ");
            text.Append(arguments[i].Object switch
            {
                Tensor tensor => tensor.ToString(),
                Tensor?[] tensors => $"{tensors.Length} tensors",
                long[] list => $"[{string.Join(", ", list)}]",
                string word => $"'{word}'",
                null when arguments[i].Kind == ValueKind.Int => arguments[i].Bits.ToString(),
                null when arguments[i].Kind == ValueKind.Double => BitConverter.Int64BitsToDouble(arguments[i].Bits).ToString(),
                _ => arguments[i].Kind.ToString().ToLowerInvariant(),
            });
        }

        return text.Append(')').ToString();
    }

    /// <summary>Keeps handles alive during one native call, even if other threads dispose them.</summary>
    private ref struct PinnedHandles(int capacity)
    {
        private readonly SafeHandle[] _handles = ArrayPool<SafeHandle>.Shared.Rent(capacity);
        private int _count;

        internal long Add(SafeHandle handle)
        {
            bool added = false;
            handle.DangerousAddRef(ref added);
            _handles[_count++] = handle;
            return handle.DangerousGetHandle();
        }

        internal void Dispose()
        {
            for (int i = 0; i < _count; i++)
                _handles[i].DangerousRelease();
            ArrayPool<SafeHandle>.Shared.Return(_handles, clearArray: true);
        }
    }
}
