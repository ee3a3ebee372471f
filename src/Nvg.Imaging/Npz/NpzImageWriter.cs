using Nvg.Torch.Files;
using Nvg.Torch.Files.Npy;

namespace Nvg.Imaging.Npz;

/// <summary>
/// Writes samples in the format of the usual evaluation tools: an uncompressed .npz file with <c>arr_0</c>, uint8, images × rows × columns
/// × 3. Images are written directly to disk under a temporary name. <see cref="Complete"/> renames the file; if the writer is disposed
/// earlier, the file is deleted.
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
    /// <param name="count">Number of images, which is written before the images.</param>
    /// <param name="width">Width of each image in pixels.</param>
    /// <param name="height">Height of each image in pixels.</param>
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
    /// <exception cref="ArgumentException">The image has a different size.</exception>
    /// <exception cref="InvalidOperationException">All announced images have been written already.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Append(RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (image.Width != _width || image.Height != _height)
            throw new ArgumentException($"{image.Width}x{image.Height} where {_width}x{_height} were announced", nameof(image));
        if (_written == _count)
            throw new InvalidOperationException($"{_path}: all {_count} announced images have already been written");
        FileFailure.Writing(_path, () => _zip.Write(image.Pixels));
        _written++;
    }

    /// <summary>Completes the file, flushes it to disk and renames it to its final name.</summary>
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

    /// <summary>Deletes an incomplete file.</summary>
    public void Dispose()
    {
        try
        {
            _file.Dispose();
        }
        catch (IOException)
        {
            // On a full disk, the rest cannot be written either; the file is deleted below.
        }

        File.Delete(_temporary);
    }
}
