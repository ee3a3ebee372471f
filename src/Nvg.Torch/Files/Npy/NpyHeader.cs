using System.Buffers.Binary;
using System.Text;
using System.Text.RegularExpressions;

namespace Nvg.Torch.Files.Npy;

/// <summary>The header of an array in NumPy's format (NEP 1): magic, version, and a Python dictionary as text.</summary>
internal sealed partial record NpyHeader(NpyElement Element, IReadOnlyList<long> Shape)
{
    private const int Alignment = 64;
    private const int LongestText = 1 << 16;
    private static readonly byte[] Magic = [0x93, .. "NUMPY"u8];

    internal long Count => Shape.Aggregate(1L, (product, side) => checked(product * side));

    internal int ElementBytes => Element switch
    {
        NpyElement.UInt8 => 1,
        NpyElement.Int32 or NpyElement.Float32 => 4,
        _ => 8,
    };

    internal byte[] ToBytes()
    {
        string shape = string.Concat(Shape.Select(side => $"{side}, ")).TrimEnd();
        string sides = Shape.Count > 1 ? shape.TrimEnd(',') : shape;
        string text = $"{{'descr': '{Name(Element)}', 'fortran_order': False, 'shape': ({sides}), }}";
        int length = (Magic.Length + 4 + text.Length + 1 + Alignment - 1) / Alignment * Alignment;
        byte[] header = new byte[length];
        header.AsSpan().Fill((byte)' ');
        Magic.CopyTo(header, 0);
        (header[6], header[7]) = (1, 0);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), (ushort)(length - 10));
        Encoding.ASCII.GetBytes(text, header.AsSpan(10));
        header[^1] = (byte)'\n';
        return header;
    }

    /// <exception cref="NvgDataException">The header is invalid or of an unsupported kind.</exception>
    /// <exception cref="EndOfStreamException">The stream ends inside it.</exception>
    internal static NpyHeader Read(Stream stream, string where)
    {
        byte[] start = new byte[8];
        stream.ReadExactly(start);
        if (!start.AsSpan(0, 6).SequenceEqual(Magic) || start[6] is < 1 or > 3)
            throw NvgDataException.At(where, "is not a NumPy array");
        byte[] size = new byte[start[6] == 1 ? 2 : 4];
        stream.ReadExactly(size);
        uint length = size.Length == 2 ? BinaryPrimitives.ReadUInt16LittleEndian(size) : BinaryPrimitives.ReadUInt32LittleEndian(size);
        if (length > LongestText)
            throw NvgDataException.At(where, $"claims a header of {length} bytes");
        byte[] text = new byte[length];
        stream.ReadExactly(text);
        return Parse(Encoding.UTF8.GetString(text), where);
    }

    private static NpyHeader Parse(string text, string where)
    {
        Match match = Dictionary().Match(text);
        if (!match.Success)
            throw NvgDataException.At(where, $"has a header that is not understood: {text.Trim()}");
        string[] sides = match.Groups["shape"].Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (match.Groups["order"].Value == "True" && sides.Length > 1)
            throw NvgDataException.At(where, "is stored column by column (Fortran order)", "save it with numpy.ascontiguousarray");
        NpyElement element = match.Groups["type"].Value switch
        {
            // Booleans, as in masks, are bytes of 0 and 1.
            "|u1" or "<u1" or "|b1" => NpyElement.UInt8,
            "<i4" => NpyElement.Int32,
            "<i8" => NpyElement.Int64,
            "<f4" => NpyElement.Float32,
            "<f8" => NpyElement.Float64,
            var other => throw NvgDataException.At(where, $"has elements of the type {other}",
                "convert it to uint8, int32, int64, float32 or float64"),
        };
        try
        {
            var header = new NpyHeader(element, [.. sides.Select(long.Parse)]);
            _ = checked(header.Count * header.ElementBytes);
            return header;
        }
        catch (Exception e) when (e is OverflowException or FormatException)
        {
            throw NvgDataException.At(where, $"has an impossible shape ({match.Groups["shape"].Value})", innerException: e);
        }
    }

    private static string Name(NpyElement element) => element switch
    {
        NpyElement.UInt8 => "|u1",
        NpyElement.Int32 => "<i4",
        NpyElement.Int64 => "<i8",
        NpyElement.Float32 => "<f4",
        _ => "<f8",
    };

    // Whitespace differs between writers.
    [GeneratedRegex(
        @"^\s*\{\s*'descr'\s*:\s*'(?<type>[<>|=]?\w+)'\s*,\s*'fortran_order'\s*:\s*(?<order>True|False)\s*,\s*"
        + @"'shape'\s*:\s*\((?<shape>[0-9, ]*)\)\s*,?\s*\}\s*$")]
    private static partial Regex Dictionary();
}
