using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace Nvg.Torch.Files;

/// <summary>
/// A file mapped into memory. It is closed with the last tensor that uses it. Writes to its pages stay in memory; the file never changes.
/// </summary>
internal sealed unsafe partial class MappedFile
{
    private const int MadviseDontNeed = 4;
    private readonly MemoryMappedFile? _file;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly byte* _start;

    /// <param name="stream">The open, non-empty file; not needed afterwards.</param>
    internal MappedFile(FileStream stream)
    {
        Length = stream.Length;
        // On a read-only mapping, an in-place operation would terminate the process.
        _file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.CopyOnWrite, HandleInheritability.None,
            leaveOpen: true);
        _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.CopyOnWrite);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
    }

    ~MappedFile()
    {
        _view?.SafeMemoryMappedViewHandle.ReleasePointer();
        _view?.Dispose();
        _file?.Dispose();
    }

    /// <summary>Length of the file in bytes.</summary>
    internal long Length { get; }

    /// <summary>A part of the file, valid while this object is referenced.</summary>
    internal ReadOnlySpan<byte> Bytes(long offset, int length)
    {
        CheckRange(offset, length);
        return new ReadOnlySpan<byte>(_start + offset, length);
    }

    /// <summary>Creates a tensor over the bytes at an offset, or over a copy if they are misaligned for the element type.</summary>
    /// <param name="offset">Offset in the file.</param>
    /// <param name="type">Element type.</param>
    /// <param name="shape">Sizes, row-major.</param>
    /// <param name="alignment">Alignment of the bytes, if more is required than for the element type.</param>
    /// <param name="alone">
    /// Whether no other tensor uses these bytes. The pages, including modified ones, are then released with the tensor.
    /// </param>
    internal Tensor Tensor(long offset, ScalarType type, ReadOnlySpan<long> shape, int alignment = 1, bool alone = false)
    {
        long bytes = type.ByteSize();
        foreach (long size in shape)
            bytes = checked(bytes * size);
        CheckRange(offset, bytes);
        byte* data = _start + offset;
        if ((nint)data % Math.Max(type.ByteSize(), alignment) == 0)
            return Torch.Tensor.Wrap(data, type, shape, alone ? new Range(this, data, bytes) : this);
        Tensor copy = Torch.Tensor.FromMemory(data, bytes, type, shape);
        // The copy does not keep the mapping alive, but the mapping must live until the copy is complete.
        GC.KeepAlive(this);
        return copy;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Madvise(nint address, nint length, int advice);

    private void CheckRange(long offset, long length)
    {
        if (offset < 0 || length < 0 || offset > Length - length)
            throw new ArgumentOutOfRangeException(nameof(offset), $"{length} bytes at {offset} are outside a file of {Length} bytes");
    }

    /// <summary>The bytes of one tensor.</summary>
    internal sealed class Range(MappedFile file, byte* start, long length)
    {
        /// <summary>Releases the memory of the pages that contain nothing else; the mapping stays.</summary>
        internal void Discard()
        {
            long page = Environment.SystemPageSize;
            nint first = (nint)(((long)start + page - 1) / page * page), end = (nint)(((long)start + length) / page * page);
            // This is only a hint: if the system ignores it, the pages stay.
            if (OperatingSystem.IsLinux() && end > first)
                _ = Madvise(first, end - first, MadviseDontNeed);
            GC.KeepAlive(file);
        }
    }
}
