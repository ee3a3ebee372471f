using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Nvg.Data.Datasets;
using Nvg.Data.Sources;
using Nvg.Torch.Files;

namespace Nvg.Data.Packing;

/// <summary>
/// Writes a prepared data set under a temporary name. <see cref="Complete"/> renames it to its final name. If disposed earlier, it leaves
/// nothing behind.
/// </summary>
internal sealed class DatasetWriter : IDisposable
{
    private readonly string _folder;
    private readonly string _temporary;
    private readonly FileStream _pixels;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly List<int> _classOfImage = [];
    private readonly List<long>? _offsets;
    private readonly Dictionary<string, int> _seenClasses = new(StringComparer.Ordinal);
    private readonly List<SkippedFile> _skipped = [];

    /// <exception cref="IOException">The folder exists, or cannot be created.</exception>
    internal DatasetWriter(string folder, bool keepFiles, bool replaces = false)
    {
        _offsets = keepFiles ? [0] : null;
        bool hasContent = Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any();
        if (File.Exists(folder) || (hasContent && !replaces))
            throw new IOException($"{folder}: already exists; give another name or remove it first");
        if (hasContent && !ImageDataset.IsAt(folder))
            throw new IOException($"{folder}: is not a data set, and only data sets can be replaced; give another name");
        (_folder, _temporary) = (folder, AtomicFile.TemporaryName(folder));
        _pixels = Guard(() =>
        {
            Directory.CreateDirectory(_temporary);
            string content = Path.Combine(_temporary, keepFiles ? EncodedDataset.FilesName : PackedDataset.PixelsName);
            return new FileStream(content, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 20);
        });
    }

    internal int Count => _classOfImage.Count;

    internal int SkippedCount { get; private set; }

    internal IReadOnlyList<SkippedFile> Skipped => _skipped;

    /// <param name="content">Pixels, or the bytes of the file.</param>
    /// <param name="className">Class of the image.</param>
    internal void Add(byte[] content, string className)
    {
        Guard(() =>
        {
            _pixels.Write(content);
            return 0;
        });
        _hash.AppendData(content);
        _offsets?.Add(_offsets[^1] + content.Length);
        if (!_seenClasses.TryGetValue(className, out int seen))
            _seenClasses.Add(className, seen = _seenClasses.Count);
        _classOfImage.Add(seen);
    }

    internal void Skip(string name, string reason)
    {
        if (SkippedCount++ < DatasetDescription.MostNamedSkips)
            _skipped.Add(new SkippedFile(name, reason));
    }

    /// <summary>Writes labels and description, flushes everything to disk and renames the folder.</summary>
    internal DatasetDescription Complete(ImageSource source, PreparationOptions options) => Guard(() =>
    {
        _pixels.Flush(flushToDisk: true);
        _pixels.Dispose();
        (DatasetClass[] classes, byte[] labels) = Labels();
        var description = new DatasetDescription
        {
            Format = DatasetDescription.CurrentFormat,
            Size = options.Size,
            StoredSize = options.EffectiveStoredSize,
            ShorterSide = options.EffectiveShorterSide,
            Encoded = _offsets is not null,
            Count = Count,
            Classes = classes,
            Source = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(source.Path))),
            Subset = source.Subset,
            SkippedCount = SkippedCount,
            Skipped = _skipped,
            PixelsSha256 = Convert.ToHexStringLower(_hash.GetHashAndReset()),
            LabelsSha256 = Convert.ToHexStringLower(SHA256.HashData(labels)),
        };
        AtomicFile.Write(Path.Combine(_temporary, PackedDataset.LabelsName), labels);
        if (_offsets is not null)
        {
            byte[] offsets = MemoryMarshal.AsBytes<long>(_offsets.ToArray()).ToArray();
            AtomicFile.Write(Path.Combine(_temporary, EncodedDataset.OffsetsName), offsets);
        }

        AtomicFile.Write(Path.Combine(_temporary, DatasetDescription.FileName), description.ToJson());
        // A folder cannot be renamed over another one.
        if (Directory.Exists(_folder))
            Directory.Delete(_folder, recursive: true);
        Directory.Move(_temporary, Path.GetFullPath(_folder));
        return description;
    });

    /// <summary>Removes an incomplete data set.</summary>
    public void Dispose()
    {
        _hash.Dispose();
        try
        {
            _pixels.Dispose();
        }
        catch (IOException)
        {
            // On a full disk, the last buffer cannot be written either; the file is deleted below.
        }

        if (Directory.Exists(_temporary))
            Directory.Delete(_temporary, recursive: true);
    }

    /// <summary>Classes are numbered in order of appearance; labels are indices in sorted order, known only at the end.</summary>
    private (DatasetClass[] Classes, byte[] Labels) Labels()
    {
        string[] sorted = [.. _seenClasses.Keys.Order(StringComparer.Ordinal)];
        int[] place = new int[sorted.Length], counts = new int[sorted.Length];
        for (int i = 0; i < sorted.Length; i++)
            place[_seenClasses[sorted[i]]] = i;
        int[] labels = [.. _classOfImage.Select(seen => place[seen])];
        foreach (int label in labels)
            counts[label]++;
        return ([.. sorted.Select((name, i) => new DatasetClass(name, counts[i]))], MemoryMarshal.AsBytes<int>(labels).ToArray());
    }

    private T Guard<T>(Func<T> write)
    {
        try
        {
            return write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{_folder}: cannot be written: {e.Message}", e);
        }
    }
}
