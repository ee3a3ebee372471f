using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Nvg.Torch.Files.PyTorch;

/// <summary>Builds a pickle of protocol 2, value by value.</summary>
internal sealed class PickleWriter
{
    private readonly ArrayBufferWriter<byte> _bytes = new();

    internal PickleWriter() => Raw(0x80, 2);

    internal PickleWriter Dictionary() => Raw('}');

    /// <summary>An empty <c>collections.OrderedDict</c>.</summary>
    internal PickleWriter OrderedDictionary() => Global("collections", "OrderedDict").EmptyTuple().Reduce();

    internal PickleWriter EmptyTuple() => Raw(')');

    internal PickleWriter Mark() => Raw('(');

    /// <summary>Writes a tuple of the values above the mark.</summary>
    internal PickleWriter Tuple() => Raw('t');

    /// <summary>Sets keys and values above the mark in the dictionary below it.</summary>
    internal PickleWriter SetItems() => Raw('u');

    internal PickleWriter Reduce() => Raw('R');

    /// <summary>Writes a persistent reference to the object that the tuple on top of the stack identifies.</summary>
    internal PickleWriter Persistent() => Raw('Q');

    internal PickleWriter Boolean(bool value) => Raw(value ? 0x88 : 0x89);

    internal PickleWriter Global(string module, string name)
    {
        Raw('c');
        _bytes.Write(Encoding.ASCII.GetBytes($"{module}\n{name}\n"));
        return this;
    }

    internal PickleWriter Text(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, utf8.Length);
        Raw('X');
        _bytes.Write(length);
        _bytes.Write(utf8);
        return this;
    }

    internal PickleWriter Integer(long value)
    {
        Span<byte> number = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(number, value);
        if (value is >= int.MinValue and <= int.MaxValue)
        {
            Raw('J');
            _bytes.Write(number[..sizeof(int)]);
        }
        else
        {
            Raw(0x8A, sizeof(long));
            _bytes.Write(number);
        }

        return this;
    }

    internal PickleWriter Integers(IEnumerable<long> values)
    {
        Mark();
        foreach (long value in values)
            Integer(value);
        return Tuple();
    }

    /// <summary>The whole pickle.</summary>
    internal byte[] Finish()
    {
        Raw('.');
        return _bytes.WrittenSpan.ToArray();
    }

    private PickleWriter Raw(params ReadOnlySpan<int> instruction)
    {
        foreach (int value in instruction)
            _bytes.Write([(byte)value]);
        return this;
    }
}
