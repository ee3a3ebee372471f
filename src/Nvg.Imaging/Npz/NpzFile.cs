using System.IO.Compression;
using Nvg.Torch.Files;
using Nvg.Torch.Files.Npy;

namespace Nvg.Imaging.Npz;

/// <summary>
/// An .npz file opened for reading: sample files and reference statistics of evaluation tools (<c>arr_0</c>, <c>mu</c>, <c>sigma</c>). Not
/// thread-safe.
/// </summary>
public sealed class NpzFile : IDisposable
{
    // The start of zip's time range. A fixed date ensures that the same arrays always give the same file.
    private static readonly DateTimeOffset ZipEpoch = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly string _path;
    private readonly ZipArchive _zip;

    private NpzFile(string path, ZipArchive zip) => (_path, _zip) = (path, zip);

    /// <summary>The names of the arrays.</summary>
    public IReadOnlyList<string> Names => [.. _zip.Entries.Select(e => Path.GetFileNameWithoutExtension(e.FullName))];

    /// <summary>Whether a path names an existing file with the extension .npz.</summary>
    internal static bool IsAt(string path) =>
        File.Exists(path) && Path.GetExtension(path).Equals(".npz", StringComparison.OrdinalIgnoreCase);

    /// <summary>Opens a file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="NvgDataException">The file is missing, or is not an .npz file.</exception>
    public static NpzFile Open(string path)
    {
        if (!File.Exists(path))
            throw NvgDataException.At(path, "does not exist");
        ZipArchive? zip = null;
        try
        {
            zip = ZipFile.OpenRead(path);
            // The directory is read on first access.
            _ = zip.Entries.Count;
            return new NpzFile(path, zip);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            zip?.Dispose();
            throw NvgDataException.At(path, "cannot be read as an .npz", e.Message, e);
        }
    }

    /// <summary>Writes uncompressed arrays atomically. The same arrays give the same file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="arrays">The arrays by name, in the order in which they are written.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, IEnumerable<KeyValuePair<string, NpyArray>> arrays) => AtomicFile.Write(path, file =>
    {
        using var zip = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true);
        foreach ((string name, NpyArray array) in arrays)
        {
            ZipArchiveEntry entry = zip.CreateEntry(name + ".npy", CompressionLevel.NoCompression);
            entry.LastWriteTime = ZipEpoch;
            using Stream stream = entry.Open();
            array.Write(stream);
        }
    });

    /// <summary>Whether there is an array with a name.</summary>
    public bool Contains(string name) => _zip.GetEntry(name + ".npy") is not null;

    /// <summary>Reads the number and size of the images in an array; only its header is read.</summary>
    /// <param name="name">Name of a uint8 array, images × rows × columns × 3.</param>
    /// <exception cref="NvgDataException">There is no array with this name, or it has the wrong shape.</exception>
    public (long Count, int Width, int Height) ImageShape(string name = "arr_0")
    {
        using Stream stream = OpenArray(name);
        NpyHeader header = ImageHeader(stream, name);
        return (header.Shape[0], (int)header.Shape[2], (int)header.Shape[1]);
    }

    /// <summary>Reads a whole array.</summary>
    /// <param name="name">Name of the array, for example <c>mu</c>.</param>
    /// <exception cref="NvgDataException">There is no array with this name, or it is damaged.</exception>
    public NpyArray Read(string name)
    {
        using Stream stream = OpenArray(name);
        return NpyArray.Read(stream, Where(name));
    }

    /// <summary>Reads the images of an array one by one; only one is in memory at a time.</summary>
    /// <param name="name">Name of a uint8 array, images × rows × columns × 3.</param>
    /// <exception cref="NvgDataException">There is no array with this name, it has the wrong shape, or it is truncated.</exception>
    public IEnumerable<RgbImage> Images(string name = "arr_0")
    {
        using Stream stream = OpenArray(name);
        NpyHeader header = ImageHeader(stream, name);
        (int height, int width) = ((int)header.Shape[1], (int)header.Shape[2]);
        for (long i = 0; i < header.Shape[0]; i++)
        {
            var image = new RgbImage(width, height);
            ReadExactly(stream, image.Pixels, name, i);
            yield return image;
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _zip.Dispose();

    private string Where(string name) => $"{_path}({name})";

    /// <summary>The checksum stored in the file for an array, including its header.</summary>
    internal uint Checksum(string name) => _zip.GetEntry(name + ".npy")!.Crc32;

    /// <summary>An array in stored form, beginning with its header.</summary>
    /// <exception cref="NvgDataException">There is no array with this name, or the data before it is damaged.</exception>
    internal Stream OpenArray(string name)
    {
        ZipArchiveEntry entry = _zip.GetEntry(name + ".npy")
            ?? throw NvgDataException.At(_path, $"holds no array {name}", $"it holds {string.Join(", ", Names)}");
        try
        {
            return entry.Open();
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            throw NvgDataException.At(Where(name), "is damaged", "make it again", e);
        }
    }

    private NpyHeader ImageHeader(Stream stream, string name)
    {
        try
        {
            NpyHeader header = NpyHeader.Read(stream, Where(name));
            bool images = header.Element == NpyElement.UInt8 && header.Shape is [_, > 0, > 0, RgbImage.Channels]
                && header.Shape[1] <= RgbImage.LargestSide && header.Shape[2] <= RgbImage.LargestSide;
            return images ? header : throw NvgDataException.At(
                Where(name), $"is {header.Element} of ({string.Join(", ", header.Shape)})", "images are uint8, count x rows x columns x 3");
        }
        catch (Exception e) when (e is EndOfStreamException or InvalidDataException)
        {
            throw NvgDataException.At(Where(name), "is truncated", "make it again", e);
        }
    }

    private void ReadExactly(Stream stream, byte[] pixels, string name, long index)
    {
        try
        {
            stream.ReadExactly(pixels);
        }
        catch (Exception e) when (e is EndOfStreamException or InvalidDataException)
        {
            throw NvgDataException.At(Where(name), $"is truncated in image {index}", "make it again", e);
        }
    }
}
