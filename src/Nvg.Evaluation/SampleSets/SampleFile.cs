using System.Buffers.Binary;
using System.IO.Hashing;
using Nvg.Imaging;
using Nvg.Torch.Files;

namespace Nvg.Evaluation.SampleSets;

/// <summary>
/// A sample file that grows batch by batch and can be resumed after its process was killed. The folder <c>FILE.partial</c> next
/// to it holds the settings, the incomplete file and a checksum for every batch on disk. After the last image the file is
/// completed and renamed, without a copy. Only one process can write it at a time.
/// </summary>
public sealed class SampleFile : IDisposable
{
    // EWOULDBLOCK on Linux and macOS, ERROR_SHARING_VIOLATION on Windows.
    private static readonly int[] InUse = [11, 35, unchecked((int)0x80070020)];
    private static readonly TimeSpan SyncInterval = TimeSpan.FromSeconds(1);

    private readonly string _path;
    private readonly string _folder;
    private readonly SampleSettings _settings;
    private readonly SampleArrays _arrays;
    private readonly FileStream _file;
    private readonly FileStream _checksums;
    private readonly ResumableZipWriter _zip;
    private readonly MemoryStream _pending = new();
    // Bytes of the checksum file that are on disk.
    private long _syncedBytes;
    // The first batch is flushed at once, so that a run makes progress even if it is stopped early.
    private DateTime _lastSync = DateTime.MinValue;

    private SampleFile(string path, SampleSettings settings, FileStream file, FileStream checksums)
    {
        (_path, _folder, _settings, _file, _checksums) = (path, PartialFolder(path), settings, file, checksums);
        _arrays = new SampleArrays(settings);
        _zip = new ResumableZipWriter(file);
    }

    /// <summary>Number of images in the file.</summary>
    public int Done { get; private set; }

    /// <summary>The folder of the incomplete file.</summary>
    public static string PartialFolder(string path) => path + ".partial";

    /// <summary>Whether there is an incomplete run.</summary>
    public static bool IsBegun(string path) => File.Exists(SettingsFile(PartialFolder(path)));

    /// <summary>Starts a file, or resumes an incomplete one.</summary>
    /// <param name="path">Path of the complete file.</param>
    /// <param name="settings">The settings of its images.</param>
    /// <exception cref="NvgDataException">The incomplete file has other settings, or is damaged.</exception>
    /// <exception cref="IOException">Another process is writing the file, or the folder cannot be written.</exception>
    public static SampleFile Open(string path, SampleSettings settings)
    {
        string folder = PartialFolder(path);
        FileStream? file = null, checksums = null;
        try
        {
            RequireRoom(path, settings);
            Directory.CreateDirectory(folder);
            // The first process to open it locks it.
            file = new FileStream(GrowingFile(folder), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 0);
            bool begun = IsBegun(path);
            if (begun)
                RequireSame(folder, settings);
            checksums = new FileStream(Path.Combine(folder, "checksums"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 0);
            var opened = new SampleFile(path, settings, file, checksums);
            if (begun)
                opened.Resume();
            else
                opened.Begin();
            return opened;
        }
        catch (Exception error)
        {
            file?.Dispose();
            checksums?.Dispose();
            if (FileFailure.IsFileError(error))
            {
                throw new IOException(
                    InUse.Contains(error.HResult)
                        ? $"another process is writing {path}" : $"{path} cannot be written: {error.Message}", error);
            }

            throw;
        }
    }

    /// <summary>
    /// Adds the next batch. It holds all images computed together, so that a resumed run has the same batches as an uninterrupted
    /// one.
    /// </summary>
    /// <exception cref="ArgumentException">The number or size of the images is not as expected.</exception>
    /// <exception cref="IOException">The disk is full or cannot be written; earlier images are kept.</exception>
    public void Append(IReadOnlyList<RgbImage> batch)
    {
        if (batch.Count != BatchAt(Done))
            throw new ArgumentException($"a batch of {batch.Count} images, {BatchAt(Done)} were expected");
        if (batch.Any(image => image.Width != _settings.ImageSize || image.Height != _settings.ImageSize))
            throw new ArgumentException($"images must be {_settings.ImageSize}x{_settings.ImageSize}");
        Writing(() =>
        {
            var checksum = new Crc32();
            foreach (RgbImage image in batch)
            {
                _zip.Write(image.Pixels);
                checksum.Append(image.Pixels);
            }

            byte[] bytes = new byte[4];
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, checksum.GetCurrentHashAsUInt32());
            _pending.Write(bytes);
            Done += batch.Count;
            if (DateTime.UtcNow - _lastSync >= SyncInterval)
                Sync();
        });
    }

    /// <summary>Completes the file and renames it.</summary>
    /// <exception cref="InvalidOperationException">Images are missing.</exception>
    /// <exception cref="IOException">The disk is full or cannot be written; all images are kept.</exception>
    public void Complete()
    {
        if (Done != _settings.Count)
            throw new InvalidOperationException($"{_path}: {Done} of {_settings.Count} images were added");
        Writing(() =>
        {
            Sync();
            _arrays.Finish(_zip);
            _file.Flush(flushToDisk: true);
            string grown = _file.Name;
            _file.Dispose();
            AtomicFile.Publish(grown, _path);
            RemoveFolder(_path);
        });
    }

    /// <summary>Removes the folder of a completed run.</summary>
    public static void RemoveFolder(string path)
    {
        if (Directory.Exists(PartialFolder(path)))
            Directory.Delete(PartialFolder(path), recursive: true);
    }

    /// <summary>Flushes to disk and releases the lock.</summary>
    public void Dispose()
    {
        try
        {
            if (_file.CanWrite && _pending.Length > 0)
                Sync();
        }
        catch (IOException)
        {
            // Images that could not be flushed are drawn again; the error itself was thrown where it occurred.
        }

        _file.Dispose();
        _checksums.Dispose();
        _pending.Dispose();
    }

    private static string GrowingFile(string folder) => Path.Combine(folder, "samples.npz");

    private static string SettingsFile(string folder) => Path.Combine(folder, "settings.json");

    private static void RequireSame(string folder, SampleSettings settings)
    {
        string file = SettingsFile(folder);
        if (SampleSettings.Parse(File.ReadAllBytes(file), file).DifferenceFrom(settings, withPart: true) is { } difference)
            throw NvgDataException.At(folder, $"was started with other settings: this run has {difference}",
                "use the original settings, or choose another output");
    }

    private static void RequireRoom(string path, SampleSettings settings)
    {
        var arrays = new SampleArrays(settings);
        var grown = new FileInfo(GrowingFile(PartialFolder(path)));
        long missing = arrays.FirstImage + settings.Count * arrays.ImageBytes - (grown.Exists ? grown.Length : 0);
        long free = new DriveInfo(Path.GetDirectoryName(Path.GetFullPath(path))!).AvailableFreeSpace;
        if (missing > free)
            throw new IOException($"{missing / 1e6:N1} MB more are needed, {free / 1e6:N1} MB are free on the disk");
    }

    private void Begin()
    {
        // Written before the first image, so that there is never an image without settings.
        _file.SetLength(0);
        _checksums.SetLength(0);
        AtomicFile.Write(SettingsFile(_folder), _settings.ToBytes());
        _arrays.Begin(_zip);
    }

    private void Resume()
    {
        long batches = _checksums.Length / 4;
        byte[] checksums = new byte[4 * batches];
        _checksums.ReadExactly(checksums);
        _arrays.Begin(_zip);
        byte[] pixels = new byte[_arrays.ImageBytes];
        for (long batch = 0; batch < batches; batch++)
        {
            var checksum = new Crc32();
            int count = BatchAt(Done);
            if (count == 0 || _file.Length - _file.Position < count * _arrays.ImageBytes)
                throw Damaged(Done, count);
            for (int i = 0; i < count; i++)
            {
                _file.ReadExactly(pixels);
                _zip.Adopt(pixels);
                checksum.Append(pixels);
            }

            if (checksum.GetCurrentHashAsUInt32() != BinaryPrimitives.ReadUInt32LittleEndian(checksums.AsSpan((int)(4 * batch))))
                throw Damaged(Done, count);
            Done += count;
        }

        // Discards a batch that was being written when the run stopped.
        _file.SetLength(_file.Position);
        _checksums.SetLength(4 * batches);
        _syncedBytes = 4 * batches;
    }

    private NvgDataException Damaged(int first, int count) => NvgDataException.At(
        _folder, $"is damaged: images {first} to {first + Math.Max(count, 1) - 1} do not match their checksum",
        "delete the folder and draw again");

    private int BatchAt(int done) => Math.Min(_settings.Batch, _settings.Count - done);

    // The images first, then the checksums that vouch for them.
    private void Sync()
    {
        _file.Flush(flushToDisk: true);
        // A retry after an error overwrites the same bytes.
        _checksums.Position = _syncedBytes;
        _checksums.Write(_pending.GetBuffer(), 0, (int)_pending.Length);
        _checksums.Flush(flushToDisk: true);
        _syncedBytes += _pending.Length;
        _pending.SetLength(0);
        _lastSync = DateTime.UtcNow;
    }

    private void Writing(Action work)
    {
        try
        {
            work();
        }
        catch (Exception error) when (FileFailure.IsFileError(error))
        {
            throw new IOException($"{_path} cannot be written: {error.Message}; the images so far are kept in {_folder}", error);
        }
    }
}
