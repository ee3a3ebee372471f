using System.Runtime.InteropServices;

namespace Nvg.Torch.Files;

/// <summary>Files that are either whole or not there.</summary>
public static partial class AtomicFile
{
    /// <summary>Writes to a temporary name in the same folder, flushes to the disk, renames over the target.</summary>
    /// <param name="path">Replaced if it exists; untouched if <paramref name="write"/> or the disk fails.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="IOException">The disk is full or the folder cannot be written; nothing half-written remains.</exception>
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

    /// <summary>Gives a file that is complete and flushed its name, durably; replaces what has that name.</summary>
    /// <param name="temporary">On the same file system.</param>
    /// <param name="path">The name.</param>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static void Publish(string temporary, string path)
    {
        File.Move(temporary, path, overwrite: true);
        FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>Gives a folder whose files are complete and flushed its name, durably. Nothing may have that name.</summary>
    /// <param name="temporary">On the same file system.</param>
    /// <param name="path">The name.</param>
    /// <exception cref="IOException">The name is taken, or the folder around it cannot be written.</exception>
    public static void PublishFolder(string temporary, string path)
    {
        FlushFolder(temporary);
        Directory.Move(temporary, path);
        FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>A hidden name beside the target that nothing reads as whole.</summary>
    public static string TemporaryName(string path)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        return Path.Combine(Path.GetDirectoryName(full)!, $".{Path.GetFileName(full)}.{Guid.NewGuid():N}.tmp");
    }

    // Makes a rename in a folder durable. .NET opens no folders, so this asks the system.
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
