namespace Nvg.Training.Runs;

/// <summary>Locks a run folder against a second process. The operating system releases the lock if the process is killed.</summary>
public sealed class RunLock : IDisposable
{
    // EWOULDBLOCK on Linux and macOS, ERROR_SHARING_VIOLATION on Windows.
    private static readonly int[] InUse = [11, 35, unchecked((int)0x80070020)];

    private readonly FileStream _file;

    private RunLock(FileStream file) => _file = file;

    /// <summary>Locks a run folder.</summary>
    /// <param name="folder">The folder; created if it does not exist.</param>
    /// <exception cref="IOException">Another process holds the lock, or the folder cannot be written.</exception>
    public static RunLock Take(string folder)
    {
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, ".lock");
        try
        {
            return new RunLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException error) when (InUse.Contains(error.HResult))
        {
            throw new IOException($"{folder}: another process is training in this folder", error);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new IOException($"{path} cannot be written: {error.Message}", error);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
