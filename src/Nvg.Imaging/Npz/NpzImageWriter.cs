using Nvg.Torch.Files;
using Nvg.Torch.Files.Npy;

namespace Nvg.Imaging.Npz;

/// <summary>
/// Writes samples as the usual evaluation tools read them: an .npz with <c>arr_0</c>, uint8, images × rows ×
/// columns × 3, not compressed. Images go straight to the disk under a temporary name; the file gets its name with
/// <see cref="Complete"/>, and is removed if the writer is disposed before that.
/// </summary>
public sealed class NpzImageWriter : IDisposable
{
    private readonly string _path;
    private readonly string _temporary;
    private readonly int _count;
    private readonly int _width;
    private readonly int _height;
    private readonly FileStream _file;
    private readonly ResumableZipWriter _zip;
    private int _written;

    /// <param name="path">The file to write; its folder must exist.</param>
    /// <param name="count">Number of images, which the file states before them.</param>
    /// <param name="width">Columns of each.</param>
    /// <param name="height">Rows of each.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public NpzImageWriter(string path, int count, int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        (_path, _temporary, _count, _width, _height) = (path, AtomicFile.TemporaryName(path), count, width, height);
        try
        {
            _file = new FileStream(_temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 20);
        }
        catch (Exception e) when (FileFailure.IsFileError(e))
        {
            throw FileFailure.Unwritable(_path, e);
        }

        try
        {
            _zip = new ResumableZipWriter(_file);
            byte[] header = new NpyHeader(NpyElement.UInt8, [count, height, width, RgbImage.Channels]).ToBytes();
            _zip.Begin("arr_0.npy", header.Length + (long)count * height * width * RgbImage.Channels);
            _zip.Write(header);
        }
        catch (Exception e)
        {
            Dispose();
            if (e is IOException)
                throw FileFailure.Unwritable(_path, e);
            throw;
        }
    }

    /// <summary>Adds the next image.</summary>
    /// <param name="image">An image of the announced size.</param>
    /// <exception cref="ArgumentException">It has another size.</exception>
    /// <exception cref="InvalidOperationException">All announced images have been written already.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Append(RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (image.Width != _width || image.Height != _height)
            throw new ArgumentException($"{image.Width}x{image.Height} where {_width}x{_height} were announced", nameof(image));
        if (_written == _count)
            throw new InvalidOperationException($"{_path}: {_count} images were announced and have been written");
        FileFailure.Writing(_path, () => _zip.Write(image.Pixels));
        _written++;
    }

    /// <summary>Ends the file, flushes it to the disk and gives it its name.</summary>
    /// <exception cref="InvalidOperationException">Fewer images were written than announced.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Complete()
    {
        if (_written != _count)
            throw new InvalidOperationException($"{_path}: {_count} images were announced and {_written} written");
        FileFailure.Writing(_path, () =>
        {
            _zip.Finish();
            _file.Flush(flushToDisk: true);
            _file.Dispose();
            AtomicFile.Publish(_temporary, _path);
        });
    }

    /// <summary>Removes what was not completed.</summary>
    public void Dispose()
    {
        try
        {
            _file.Dispose();
        }
        catch (IOException)
        {
            // On a full disk the rest cannot be written either; the file goes in a moment.
        }

        File.Delete(_temporary);
    }
}
