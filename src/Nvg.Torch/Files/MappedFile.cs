using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace Nvg.Torch.Files;

/// <summary>A file mapped into memory; the last tensor over it closes it. What is written to its pages stays in memory: the file never changes.</summary>
internal sealed unsafe partial class MappedFile
{
    private const int MadviseDontNeed = 4;
    private readonly MemoryMappedFile? _file;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly byte* _start;

    /// <param name="stream">The open file, not empty; not needed afterwards.</param>
    internal MappedFile(FileStream stream)
    {
        Length = stream.Length;
        // On a mapping that may only be read, an in-place operation would end the process.
        _file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.CopyOnWrite, HandleInheritability.None, leaveOpen: true);
        _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.CopyOnWrite);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
    }

    ~MappedFile()
    {
        _view?.SafeMemoryMappedViewHandle.ReleasePointer();
        _view?.Dispose();
        _file?.Dispose();
    }

    /// <summary>Bytes of the file.</summary>
    internal long Length { get; }

    /// <summary>A part of the file, valid while this object is referenced.</summary>
    internal ReadOnlySpan<byte> Bytes(long offset, int length)
    {
        CheckRange(offset, length);
        return new ReadOnlySpan<byte>(_start + offset, length);
    }

    /// <summary>A new tensor over the bytes at an offset; a copy of them where they are misaligned for its element type.</summary>
    /// <param name="offset">In the file.</param>
    /// <param name="type">Element type.</param>
    /// <param name="shape">Sizes, row-major.</param>
    /// <param name="alignment">Of the bytes, where more is needed than the element type does.</param>
    /// <param name="alone">No other tensor lies over these bytes: with the tensor its pages leave the memory, written ones too.</param>
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
        // The copy does not hold the mapping, which must last until it is made.
        GC.KeepAlive(this);
        return copy;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Madvise(nint address, nint length, int advice);

    private void CheckRange(long offset, long length)
    {
        if (offset < 0 || length < 0 || offset > Length - length)
            throw new ArgumentOutOfRangeException(nameof(offset), $"{length} bytes at {offset} do not lie in a file of {Length}");
    }

    /// <summary>The bytes of one tensor.</summary>
    internal sealed class Range(MappedFile file, byte* start, long length)
    {
        /// <summary>Gives back the memory of the pages that hold nothing else; the mapping stays.</summary>
        internal void Discard()
        {
            long page = Environment.SystemPageSize;
            nint first = (nint)(((long)start + page - 1) / page * page), end = (nint)(((long)start + length) / page * page);
            // Advice: where it is not taken the pages stay.
            if (OperatingSystem.IsLinux() && end > first)
                _ = Madvise(first, end - first, MadviseDontNeed);
            GC.KeepAlive(file);
        }
    }
}
