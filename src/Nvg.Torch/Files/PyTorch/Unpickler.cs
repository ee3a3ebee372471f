using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Nvg.Torch.Files.PyTorch;

/// <summary>
/// Reads a pickle of protocol 2 as inert data. It supports exactly the instructions of PyTorch's own restricted reader, creates only the
/// types in PickleValues.cs, and counts everything against a limit.
/// </summary>
internal ref struct Unpickler
{
    internal const int MaximumBytes = 1 << 26;
    private const int MaximumValues = 1 << 22;
    private const int MaximumStack = 1 << 16;
    private const int MaximumMarks = 1 << 8;
    private const int MaximumMemo = 1 << 21;
    private const int MaximumNameBytes = 256;
    private const int Protocol = 2;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly ReadOnlySpan<byte> _bytes;
    private readonly Dictionary<string, PickleStorage>? _storages;
    private readonly bool _hasArrays;
    private readonly List<object?> _stack = [];
    private readonly List<int> _marks = [];
    private readonly Dictionary<uint, object?> _memo = [];
    private int _position;
    private int _instruction;
    private int _values;

    private Unpickler(ReadOnlySpan<byte> bytes, Dictionary<string, PickleStorage>? storages, bool hasArrays)
    {
        _bytes = bytes;
        _storages = storages;
        _hasArrays = hasArrays;
    }

    /// <summary>Reads one pickle.</summary>
    /// <param name="bytes">Data that begins with the pickle.</param>
    /// <param name="consumed">Number of bytes in the pickle.</param>
    /// <param name="storages">Receives the storages that tensors refer to; null if storages are not allowed.</param>
    /// <param name="hasArrays">
    /// Whether NumPy arrays become a <see cref="PickleArray"/>, and Python 2 strings a <see cref="PickleBytes"/>, whose bytes are not
    /// copied.
    /// </param>
    /// <exception cref="PyTorchFileException">
    /// The pickle is truncated, requests something that is not allowed, or exceeds a limit.
    /// </exception>
    internal static object? Read(ReadOnlySpan<byte> bytes, out int consumed, Dictionary<string, PickleStorage>? storages = null,
        bool hasArrays = false)
    {
        var unpickler = new Unpickler(bytes, storages, hasArrays);
        try
        {
            object? value = unpickler.Run();
            consumed = unpickler._position;
            return value;
        }
        catch (PyTorchFileException error)
        {
            throw new PyTorchFileException($"byte {unpickler._instruction} of the pickle: {error.Message}", error);
        }
    }

    private object? Run()
    {
        if (Byte() != 0x80 || Byte() != Protocol)
            throw new PyTorchFileException($"it is not a pickle of protocol {Protocol}");
        while (true)
        {
            _instruction = _position;
            byte code = Byte();
            if (code == '.')
                return Finish();
            Step(code);
        }
    }

    private void Step(byte code)
    {
        switch (code)
        {
            case (byte)'(': Mark(); break;
            case (byte)'}': Push(new PickleDict()); break;
            case (byte)']': Push(new PickleList()); break;
            case (byte)')': Push(new PickleTuple([])); break;
            case (byte)'t': Push(new PickleTuple(PopToMark())); break;
            case 0x85: Push(new PickleTuple([Pop()])); break;
            case 0x86: PushTuple(2); break;
            case 0x87: PushTuple(3); break;
            case (byte)'N': Push(null); break;
            case 0x88: Push(true); break;
            case 0x89: Push(false); break;
            case (byte)'J': Push((long)BinaryPrimitives.ReadInt32LittleEndian(Take(sizeof(int)))); break;
            case (byte)'K': Push((long)Byte()); break;
            case (byte)'M': Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(sizeof(ushort)))); break;
            case 0x8A: Push(Long()); break;
            case (byte)'G': Push(BinaryPrimitives.ReadDoubleBigEndian(Take(sizeof(double)))); break;
            case (byte)'X': Push(Text(Length())); break;
            case (byte)'T': Push(OldText(Length())); break;
            case (byte)'U': Push(Encoding.Latin1.GetString(Take(Byte()))); break;
            case (byte)'q': Remember(Byte()); break;
            case (byte)'r': Remember(BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)))); break;
            case (byte)'h': Recall(Byte()); break;
            case (byte)'j': Recall(BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)))); break;
            case (byte)'a': Append([Pop()]); break;
            case (byte)'e': Append(PopToMark()); break;
            case (byte)'s': SetOne(); break;
            case (byte)'u': SetItems(PopToMark()); break;
            case (byte)'c': Push(PickleGlobals.Resolve(Line(), Line())); break;
            case (byte)'R': Reduce(); break;
            case 0x81: NewObject(); break;
            case (byte)'b': Build(); break;
            case (byte)'Q': Persistent(); break;
            default: throw new PyTorchFileException($"it has the instruction 0x{code:x2}, which is not allowed");
        }
    }

    private readonly object? Finish() => _stack.Count == 1 && _marks.Count == 0
        ? _stack[0]
        : throw new PyTorchFileException($"it ends with {_stack.Count} values, not one");

    private byte Byte() => Take(1)[0];

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _bytes.Length - _position)
            throw new PyTorchFileException($"it is truncated: {count} bytes are needed, {_bytes.Length - _position} are left");
        ReadOnlySpan<byte> taken = _bytes.Slice(_position, count);
        _position += count;
        return taken;
    }

    private int Length()
    {
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)));
        return length <= int.MaxValue ? (int)length : throw new PyTorchFileException($"it is truncated: a string claims {length} bytes");
    }

    private string Text(int length)
    {
        try
        {
            return StrictUtf8.GetString(Take(length));
        }
        catch (DecoderFallbackException error)
        {
            throw new PyTorchFileException("it has a string that is not UTF-8", error);
        }
    }

    private object OldText(int length) => _hasArrays && length <= _bytes.Length - _position
        ? new PickleBytes(_position, Take(length).Length)
        : Encoding.Latin1.GetString(Take(length));

    private object Long()
    {
        ReadOnlySpan<byte> digits = Take(Byte());
        if (digits.Length > sizeof(long))
            return new BigInteger(digits);
        long value = digits.Length > 0 && digits[^1] >= 0x80 ? -1 : 0;
        for (int i = digits.Length - 1; i >= 0; i--)
            value = (value << 8) | digits[i];
        return value;
    }

    private string Line()
    {
        ReadOnlySpan<byte> rest = _bytes[_position..];
        int length = rest[..Math.Min(rest.Length, MaximumNameBytes + 1)].IndexOf((byte)'\n');
        if (length < 0)
            throw new PyTorchFileException($"a name does not end within {MaximumNameBytes} bytes");
        string line = Encoding.Latin1.GetString(rest[..length]);
        _position += length + 1;
        return line;
    }

    private void Push(object? value)
    {
        CountValues(1);
        if (_stack.Count >= MaximumStack)
            throw new PyTorchFileException($"it stacks more than the allowed {MaximumStack} values");
        _stack.Add(value);
    }

    private void CountValues(int more)
    {
        if (more > MaximumValues - _values)
            throw new PyTorchFileException($"it has more than the allowed {MaximumValues} values");
        _values += more;
    }

    private readonly int Floor => _marks.Count > 0 ? _marks[^1] : 0;

    private readonly object? Pop()
    {
        object? top = Top;
        _stack.RemoveAt(_stack.Count - 1);
        return top;
    }

    private readonly object? Top => _stack.Count > Floor ? _stack[^1] : throw new PyTorchFileException("an instruction finds no value");

    private readonly void Mark()
    {
        if (_marks.Count >= MaximumMarks)
            throw new PyTorchFileException($"it nests deeper than the allowed {MaximumMarks} levels");
        _marks.Add(_stack.Count);
    }

    private readonly object?[] PopToMark()
    {
        if (_marks.Count == 0)
            throw new PyTorchFileException("an instruction finds no mark");
        int start = _marks[^1];
        object?[] items = [.. _stack[start..]];
        _stack.RemoveRange(start, _stack.Count - start);
        _marks.RemoveAt(_marks.Count - 1);
        return items;
    }

    private void PushTuple(int count)
    {
        object?[] items = new object?[count];
        for (int i = count - 1; i >= 0; i--)
            items[i] = Pop();
        Push(new PickleTuple(items));
    }

    private readonly void Remember(uint index)
    {
        _memo[index] = Top;
        if (_memo.Count > MaximumMemo)
            throw new PyTorchFileException($"it remembers more than the allowed {MaximumMemo} values");
    }

    private void Recall(uint index) =>
        Push(_memo.TryGetValue(index, out object? value) ? value
            : throw new PyTorchFileException($"it recalls value {index}, which was never remembered"));

    private readonly void Append(object?[] items)
    {
        switch (Top)
        {
            case PickleList list: list.Items.AddRange(items); break;
            case PickleOpaque: break;
            default: throw new PyTorchFileException("it appends to something that is not a list");
        }
    }

    private readonly void SetOne()
    {
        object? value = Pop();
        SetItems([Pop(), value]);
    }

    private readonly void SetItems(object?[] items)
    {
        if (items.Length % 2 != 0)
            throw new PyTorchFileException("it sets a key without a value");
        switch (Top)
        {
            case PickleDict dict:
                for (int i = 0; i < items.Length; i += 2)
                    dict.Add(items[i], items[i + 1]);
                break;
            case PickleOpaque:
                break;
            default:
                throw new PyTorchFileException("it sets items of something that is not a dictionary");
        }
    }

    private void Reduce()
    {
        object? arguments = Pop(), function = Pop();
        if (arguments is not PickleTuple { Items: var items })
            throw new PyTorchFileException("it calls something with arguments that are not a tuple");
        object made = function switch
        {
            PickleGlobal array when _hasArrays && PickleArray.Make(array.Name, items) is { } found => found,
            PickleGlobal global => PickleTensors.Call(global, items),
            PickleOpaque opaque => opaque,
            _ => throw new PyTorchFileException("it calls something that is not a function"),
        };
        // Calls copy values. Without counting, a few bytes per call could create any number of dictionaries from one memoised list.
        CountValues(made switch
        {
            PickleDict dict => dict.Items.Count,
            PickleTensor tensor => tensor.Shape.Length + tensor.Strides.Length,
            _ => 0,
        });
        Push(made);
    }

    private void NewObject()
    {
        object? arguments = Pop(), type = Pop();
        if (arguments is not PickleTuple)
            throw new PyTorchFileException("it makes an object with arguments that are not a tuple");
        Push(type switch
        {
            PickleGlobal global => new PickleOpaque(global.Name),
            PickleOpaque opaque => opaque,
            _ => throw new PyTorchFileException("it makes an object of something that is not a class"),
        });
    }

    // Sets attributes. Those of ordered dictionaries hold module versions; those of unknown objects are ignored.
    private readonly void Build()
    {
        object? state = Pop();
        if (Top is PickleArray array && array.State is null)
            array.State = state as PickleTuple;
        else if (Top is not (PickleDict or PickleOpaque))
            throw new PyTorchFileException("it gives attributes to something that has none");
    }

    private void Persistent()
    {
        if (_storages is null)
            throw new PyTorchFileException("it refers to a storage where storages are not allowed");
        Push(PickleTensors.Storage(Pop(), _storages));
    }
}
