using System.Buffers.Binary;
using System.Text;

namespace Nvg.Torch.Files.Onnx;

/// <summary>Reads the wire format of Protocol Buffers field by field. Every length is checked before it is used.</summary>
internal ref struct ProtobufReader
{
    private const int LongestVarint = 10;

    private ReadOnlySpan<byte> _rest;

    /// <param name="message">A message.</param>
    internal ProtobufReader(ReadOnlySpan<byte> message) => _rest = message;

    /// <summary>Number of the current field.</summary>
    internal int Field { get; private set; }

    /// <summary>Value of the current field if it is a number; otherwise 0.</summary>
    internal ulong Number { get; private set; }

    /// <summary>Content of the current field if it is a message, a string or packed numbers; otherwise empty.</summary>
    internal ReadOnlySpan<byte> Content { get; private set; }

    /// <summary>The current field as a string.</summary>
    internal readonly string Text => Encoding.UTF8.GetString(Content);

    /// <summary>Advances to the next field.</summary>
    /// <returns>False after the last one.</returns>
    /// <exception cref="InvalidDataException">The message ends within a field, or has an unknown wire type.</exception>
    /// <exception cref="OverflowException">The number of a field is too large.</exception>
    internal bool Next()
    {
        if (_rest.IsEmpty)
            return false;
        ulong key = Varint();
        Field = checked((int)(key >> 3));
        Number = 0;
        Content = default;
        switch (key & 7)
        {
            case 0:
                Number = Varint();
                break;
            case 1:
                Number = BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)));
                break;
            case 2:
                Content = Take(Varint());
                break;
            case 5:
                Number = BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)));
                break;
            default:
                throw new InvalidDataException($"field {Field} has the unknown wire type {key & 7}");
        }

        return true;
    }

    /// <summary>Advances to the next packed number, if the reader was created from packed content.</summary>
    /// <returns>False after the last one.</returns>
    /// <exception cref="InvalidDataException">The content ends within a number.</exception>
    internal bool NextPacked()
    {
        if (_rest.IsEmpty)
            return false;
        Number = Varint();
        return true;
    }

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)_rest.Length)
            throw new InvalidDataException($"a field has {count:N0} bytes, but only {_rest.Length:N0} are left");
        ReadOnlySpan<byte> taken = _rest[..(int)count];
        _rest = _rest[(int)count..];
        return taken;
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (int i = 0; i < LongestVarint; i++)
        {
            byte part = Take(1)[0];
            value |= (ulong)(part & 0x7F) << (7 * i);
            if (part < 0x80)
                return value;
        }

        throw new InvalidDataException("a number has more than ten bytes");
    }
}
