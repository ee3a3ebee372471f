using System.IO.Hashing;
using Nvg.Imaging.Npz;

namespace Nvg.Evaluation.SampleSets;

/// <summary>A complete sample file, opened for reading.</summary>
public sealed class SampleArchive : IDisposable
{
    private readonly NpzFile _file;

    private SampleArchive(string path, NpzFile file, SampleSettings settings) => (Path, _file, Settings) = (path, file, settings);

    /// <summary>Path of the file.</summary>
    public string Path { get; }

    /// <summary>The settings that its images were drawn with.</summary>
    public SampleSettings Settings { get; }

    /// <summary>Opens a file written by a sampling run or by a merge.</summary>
    /// <exception cref="NvgDataException">The file is missing, damaged, or was not written by <c>nvg sample</c>.</exception>
    public static SampleArchive Open(string path)
    {
        NpzFile file = NpzFile.Open(path);
        try
        {
            if (!file.Names.Contains("settings"))
                throw NvgDataException.At(path, "has no settings", "only files written by nvg sample can be continued or merged");
            return new SampleArchive(path, file, SampleSettings.Parse(file.Read("settings").Bytes, path));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Whether a run is complete: its file exists and has the same settings.</summary>
    /// <param name="path">The file.</param>
    /// <param name="settings">The expected settings.</param>
    /// <exception cref="NvgDataException">The file has other settings.</exception>
    public static bool IsComplete(string path, SampleSettings settings)
    {
        if (!File.Exists(path))
            return false;
        using SampleArchive archive = Open(path);
        return archive.Settings.DifferenceFrom(settings, withPart: true) is { } difference
            ? throw NvgDataException.At(path, $"has other samples: this run has {difference}", "choose another output, or delete the file")
            : true;
    }

    /// <summary>Passes the bytes of all images to a callback.</summary>
    /// <exception cref="NvgDataException">The file is damaged; the damage may be detected only at the end.</exception>
    internal void CopyImages(Action<ReadOnlySpan<byte>> receive)
    {
        const string name = "arr_0";
        var arrays = new SampleArrays(Settings);
        var checksum = new Crc32();
        using Stream stream = _file.OpenArray(name);
        byte[] header = new byte[arrays.ImageHeader.Length], part = new byte[1 << 20];
        long left = Settings.Count * arrays.ImageBytes;
        try
        {
            stream.ReadExactly(header);
            if (!arrays.ImageHeader.SequenceEqual(header))
                throw NvgDataException.At(Path, "has images that do not match its settings", "draw the samples again");
            checksum.Append(header);
            for (; left > 0; left -= part.Length)
            {
                Span<byte> next = part.AsSpan(0, (int)Math.Min(left, part.Length));
                stream.ReadExactly(next);
                checksum.Append(next);
                receive(next);
            }
        }
        catch (Exception error) when (error is EndOfStreamException or InvalidDataException)
        {
            throw NvgDataException.At(Path, "is truncated", "draw the samples again", error);
        }

        if (checksum.GetCurrentHashAsUInt32() != _file.Checksum(name))
            throw NvgDataException.At(Path, "is damaged: its images do not match their checksum", "draw the samples again");
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
