using System.Runtime.InteropServices;

namespace Nvg.Torch.Files.Npy;

/// <summary>A NumPy array, read completely; little-endian, row-major.</summary>
public sealed class NpyArray
{
    private readonly string _where;
    private readonly byte[] _bytes;

    private NpyArray(NpyHeader header, byte[] bytes, string where) =>
        (Element, Shape, _bytes, _where) = (header.Element, header.Shape, bytes, where);

    /// <summary>The type of an element.</summary>
    public NpyElement Element { get; }

    /// <summary>The dimensions, slowest first; empty for a single number.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>The elements in stored form.</summary>
    internal ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Reads a .npy file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="NvgDataException">The file is missing, damaged or of an unsupported kind.</exception>
    public static NpyArray Read(string path) => FileFailure.Reading(path, () =>
    {
        using FileStream file = File.OpenRead(path);
        return Read(file, path);
    });

    /// <summary>Creates an array of float64.</summary>
    /// <param name="values">Row by row; copied.</param>
    /// <param name="shape">The dimensions, slowest first; their product is the number of values.</param>
    /// <exception cref="ArgumentException">The shape does not fit the values.</exception>
    public static NpyArray Of(ReadOnlySpan<double> values, params IReadOnlyList<long> shape) =>
        Of(NpyElement.Float64, MemoryMarshal.AsBytes(values), shape);

    /// <summary>Creates an array of float32.</summary>
    /// <inheritdoc cref="Of(ReadOnlySpan{double}, IReadOnlyList{long})"/>
    public static NpyArray Of(ReadOnlySpan<float> values, params IReadOnlyList<long> shape) =>
        Of(NpyElement.Float32, MemoryMarshal.AsBytes(values), shape);

    /// <summary>Creates an array of uint8.</summary>
    /// <inheritdoc cref="Of(ReadOnlySpan{double}, IReadOnlyList{long})"/>
    public static NpyArray Of(ReadOnlySpan<byte> values, params IReadOnlyList<long> shape) => Of(NpyElement.UInt8, values, shape);

    /// <summary>
    /// Reads structure maps: an array with one to three dimensions (positions; rows and columns; or stages, rows and columns) of uint8,
    /// int32, int64 or floating-point elements. The values are cluster numbers from 0.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="shape">The dimensions, slowest first.</param>
    /// <returns>The labels, row by row.</returns>
    /// <exception cref="NvgDataException">The file contains something else.</exception>
    public static int[] ReadLabelMaps(string path, out IReadOnlyList<long> shape)
    {
        NpyArray array = Read(path);
        if (array.Shape.Count is < 1 or > 3 || array.Shape.Contains(0))
            throw NvgDataException.At(path, $"has the shape ({string.Join(", ", array.Shape)})", "structure maps have one to three sides");
        shape = array.Shape;
        return array.ToLabels();
    }

    /// <summary>Writes structure maps as int32, atomically.</summary>
    /// <param name="path">The file.</param>
    /// <param name="labels">The labels, row by row.</param>
    /// <param name="shape">The dimensions, slowest first; their product is the number of labels.</param>
    /// <exception cref="ArgumentException">The shape does not fit the labels.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void WriteLabelMaps(string path, int[] labels, params IReadOnlyList<long> shape)
    {
        ArgumentNullException.ThrowIfNull(labels);
        var header = new NpyHeader(NpyElement.Int32, shape);
        if (header.Count != labels.Length)
            throw new ArgumentException($"{labels.Length} labels do not fill ({string.Join(", ", shape)})", nameof(shape));
        AtomicFile.Write(path, file =>
        {
            file.Write(header.ToBytes());
            file.Write(MemoryMarshal.AsBytes<int>(labels));
        });
    }

    /// <summary>The elements as integers from 0 to 2³¹ − 1.</summary>
    /// <exception cref="NvgDataException">An element is not an integer or is out of range.</exception>
    public int[] ToLabels()
    {
        long[] wide = Element switch
        {
            NpyElement.UInt8 => [.. _bytes.Select(b => (long)b)],
            NpyElement.Int32 => [.. MemoryMarshal.Cast<byte, int>(_bytes).ToArray().Select(i => (long)i)],
            NpyElement.Int64 => MemoryMarshal.Cast<byte, long>(_bytes).ToArray(),
            _ => Whole(ToDoubles()),
        };
        int bad = Array.FindIndex(wide, label => label is < 0 or > int.MaxValue);
        return bad < 0
            ? [.. wide.Select(label => (int)label)]
            : throw NvgDataException.At(_where, $"element {bad} is {wide[bad]}, which is not a cluster number");
    }

    // NumPy's default type is float64, so label maps are often stored as integer-valued floating-point numbers.
    private long[] Whole(double[] values)
    {
        // This also rejects NaN and infinities.
        int fraction = Array.FindIndex(values, value => !(Math.Abs(value) <= 1L << 53) || value != Math.Truncate(value));
        return fraction < 0
            ? Array.ConvertAll(values, value => (long)value)
            : throw NvgDataException.At(
                _where,
                FormattableString.Invariant($"contains fractions instead of cluster numbers: element {fraction} is {values[fraction]}"),
                "save it as int32");
    }

    /// <summary>The elements of an array of uint8.</summary>
    /// <exception cref="NvgDataException">The elements have a different type.</exception>
    public byte[] ToBytes() =>
        Element == NpyElement.UInt8 ? _bytes : throw NvgDataException.At(_where, $"contains {Element} instead of UInt8");

    /// <summary>The elements of an array of float32.</summary>
    /// <exception cref="NvgDataException">The elements have a different type.</exception>
    public float[] ToSingles() =>
        Element == NpyElement.Float32 ? MemoryMarshal.Cast<byte, float>(_bytes).ToArray()
            : throw NvgDataException.At(_where, $"contains {Element} instead of Float32");

    /// <summary>The elements as float64, for example the means and covariances of a FID reference.</summary>
    public double[] ToDoubles() => Element switch
    {
        NpyElement.Float64 => MemoryMarshal.Cast<byte, double>(_bytes).ToArray(),
        NpyElement.Float32 => [.. MemoryMarshal.Cast<byte, float>(_bytes).ToArray().Select(f => (double)f)],
        NpyElement.Int64 => [.. MemoryMarshal.Cast<byte, long>(_bytes).ToArray().Select(l => (double)l)],
        NpyElement.Int32 => [.. MemoryMarshal.Cast<byte, int>(_bytes).ToArray().Select(i => (double)i)],
        _ => [.. _bytes.Select(b => (double)b)],
    };

    /// <summary>Writes header and elements.</summary>
    internal void Write(Stream stream)
    {
        stream.Write(new NpyHeader(Element, Shape).ToBytes());
        stream.Write(_bytes);
    }

    internal static NpyArray Read(Stream stream, string where)
    {
        try
        {
            NpyHeader header = NpyHeader.Read(stream, where);
            long length = header.Count * header.ElementBytes;
            if (length > Array.MaxLength)
                throw NvgDataException.At(where, $"has {length} bytes, too many to load whole");
            if (stream.CanSeek && stream.Length - stream.Position != length)
                throw NvgDataException.At(where, $"has {stream.Length - stream.Position} bytes of elements where {length} belong");
            byte[] bytes = new byte[length];
            stream.ReadExactly(bytes);
            return stream.ReadByte() < 0
                ? new NpyArray(header, bytes, where)
                : throw NvgDataException.At(where, $"has trailing data after its {header.Count} elements");
        }
        catch (Exception e) when (e is EndOfStreamException or InvalidDataException)
        {
            throw NvgDataException.At(where, "is truncated", "make it again", e);
        }
    }

    private static NpyArray Of(NpyElement element, ReadOnlySpan<byte> bytes, IReadOnlyList<long> shape)
    {
        var header = new NpyHeader(element, shape);
        return header.Count * header.ElementBytes == bytes.Length
            ? new NpyArray(header, bytes.ToArray(), "array")
            : throw new ArgumentException($"{bytes.Length / header.ElementBytes} values do not fill ({string.Join(", ", shape)})",
                nameof(shape));
    }
}
