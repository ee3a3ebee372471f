namespace Nvg.Data;

/// <summary>Files that appear whole or not at all.</summary>
public static class AtomicFile
{
    /// <summary>
    /// Writes under a temporary name in the same folder, flushes to the disk and renames, replacing what was there.
    /// When anything fails, nothing of the attempt is left and an older file is untouched.
    /// </summary>
    /// <param name="path">The file to write; its folder must exist.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="IOException">The file cannot be written; one line says where and why.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        string temporary = TemporaryName(path);
        try
        {
            using (FileStream file = new(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                write(file);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{path}: cannot be written: {e.Message}", e);
        }
        finally
        {
            // Gone already after the renaming; File.Delete does not mind.
            DeleteQuietly(temporary);
        }
    }

    /// <summary>Writes <paramref name="content"/> as <see cref="Write(string, Action{Stream})"/> does.</summary>
    /// <param name="path">The file to write; its folder must exist.</param>
    /// <param name="content">The whole content.</param>
    /// <exception cref="IOException">The file cannot be written; one line says where and why.</exception>
    public static void Write(string path, byte[] content)
    {
        ArgumentNullException.ThrowIfNull(content);
        Write(path, file => file.Write(content));
    }

    /// <summary>A hidden name beside <paramref name="path"/> that nothing else uses.</summary>
    internal static string TemporaryName(string path)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        return Path.Combine(Path.GetDirectoryName(full) ?? full, $".{Path.GetFileName(full)}.{Guid.NewGuid():N}.tmp");
    }

    private static void DeleteQuietly(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The first failure is the one to report.
        }
    }
}
