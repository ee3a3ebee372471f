using System.Runtime.InteropServices;

namespace Nvg.Torch.Files;

/// <summary>Writes files that are either complete or absent.</summary>
public static partial class AtomicFile
{
    /// <summary>Writes to a temporary file in the same folder, flushes it to disk, then renames it over the target.</summary>
    /// <param name="path">Replaced if it exists; untouched if <paramref name="write"/> or the disk fails.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="IOException">The disk is full or the folder cannot be written; no partially written file remains.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        Directory.CreateDirectory(folder);
        string temporary = TemporaryName(path);
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 20))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            Publish(temporary, path);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Writes the whole content of a file (see <see cref="Write(string, Action{Stream})"/>).</summary>
    public static void Write(string path, byte[] content) => Write(path, stream => stream.Write(content));

    /// <summary>Durably renames a complete, flushed file to its final name, replacing any existing file.</summary>
    /// <param name="temporary">The current path, on the same file system.</param>
    /// <param name="path">The final path.</param>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static void Publish(string temporary, string path)
    {
        File.Move(temporary, path, overwrite: true);
        FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>Durably renames a folder with complete, flushed files to its final name, which must not exist yet.</summary>
    /// <param name="temporary">The current path, on the same file system.</param>
    /// <param name="path">The final path.</param>
    /// <exception cref="IOException">The name is taken, or its parent folder cannot be written.</exception>
    public static void PublishFolder(string temporary, string path)
    {
        FlushFolder(temporary);
        Directory.Move(temporary, path);
        FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>A hidden name next to the target, which no reader mistakes for a complete file.</summary>
    public static string TemporaryName(string path)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        return Path.Combine(Path.GetDirectoryName(full)!, $".{Path.GetFileName(full)}.{Guid.NewGuid():N}.tmp");
    }

    // Makes a rename in a folder durable. .NET cannot open folders, so this calls the operating system.
    private static void FlushFolder(string folder)
    {
        if (!OperatingSystem.IsLinux())
            return;
        int descriptor = OpenNative(folder, 0);
        if (descriptor < 0)
            return;
        _ = FsyncNative(descriptor);
        _ = CloseNative(descriptor);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenNative(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int FsyncNative(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int CloseNative(int descriptor);
}
