using System.Buffers.Binary;
using System.Text;

namespace Nvg.Torch.Tests.Files.PyTorch;

/// <summary>Instructions of pickles, to be joined by hand into good and hostile ones.</summary>
internal static class Pickle
{
    internal static byte[] Start => [0x80, 2];

    internal static byte[] Stop => [(byte)'.'];

    internal static byte[] Whole(params byte[][] parts) => [.. Start, .. Join(parts), .. Stop];

    internal static byte[] Join(params byte[][] parts) => [.. parts.SelectMany(p => p)];

    internal static byte[] Repeat(int count, params byte[][] parts) => [.. Enumerable.Repeat(Join(parts), count).SelectMany(p => p)];

    internal static byte[] Op(string characters) => Encoding.Latin1.GetBytes(characters);

    internal static byte[] Global(string module, string name) => Op($"c{module}\n{name}\n");

    internal static byte[] Text(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        return [(byte)'X', .. BitConverter.GetBytes(utf8.Length), .. utf8];
    }

    internal static byte[] OldText(string text) => [(byte)'U', (byte)text.Length, .. Encoding.ASCII.GetBytes(text)];

    internal static byte[] Integer(long value)
    {
        byte[] digits = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(digits, value);
        return [0x8A, 8, .. digits];
    }

    internal static byte[] Tuple(params byte[][] items) => [(byte)'(', .. Join(items), (byte)'t'];

    internal static byte[] Integers(params long[] values) => Tuple(Array.ConvertAll(values, Integer));

    /// <summary>The result of calling a global.</summary>
    internal static byte[] Call(string module, string name, params byte[][] arguments) =>
        [.. Global(module, name), .. Tuple(arguments), (byte)'R'];

    /// <summary>A dictionary of keys and values.</summary>
    internal static byte[] Dictionary(params (string Key, byte[] Value)[] items) =>
        [(byte)'}', (byte)'(', .. items.SelectMany(i => Join(Text(i.Key), i.Value)), (byte)'u'];

    internal static byte[] Storage(string key, long count, string type = "FloatStorage", params byte[][] more) =>
        [.. Tuple([Text("storage"), Global("torch", type), Text(key), Text("cpu"), Integer(count), .. more]), (byte)'Q'];

    internal static byte[] Tensor(string key, long storageCount, long offset, long[] size, long[] stride, string type = "FloatStorage") =>
        Call("torch._utils", "_rebuild_tensor_v2", Storage(key, storageCount, type), Integer(offset), Integers(size), Integers(stride),
            [0x89], Call("collections", "OrderedDict"));

    /// <summary>The tensor of six elements that small files hold.</summary>
    internal static byte[] SmallTensor => Tensor("0", 6, 0, [2, 3], [3, 1]);

    /// <summary>A list that holds it.</summary>
    internal static byte[] SmallTensorList => Join(Op("]"), SmallTensor, Op("a"));

    /// <summary>The older form: five pickles, then the storages.</summary>
    internal static byte[] Legacy(byte[] value, params (string Key, long Count, byte[] Bytes)[] storages) =>
    [
        .. Whole([0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]),
        .. Whole([(byte)'M', 0xE9, 0x03]),
        .. Whole(Dictionary(("little_endian", [0x88]))),
        .. Whole(value),
        .. Whole([(byte)']', (byte)'(', .. storages.SelectMany(s => Text(s.Key)), (byte)'e']),
        .. storages.SelectMany(s => (byte[])[.. BitConverter.GetBytes(s.Count), .. s.Bytes]),
    ];
}
