namespace Nvg.Training.Runs;

/// <summary>Keeps a second process out of a run folder for as long as it lives; the system releases it when the process is killed.</summary>
public sealed class RunLock : IDisposable
{
    // EWOULDBLOCK of Linux and macOS, ERROR_SHARING_VIOLATION of Windows.
    private static readonly int[] InUse = [11, 35, unchecked((int)0x80070020)];

    private readonly FileStream _file;

    private RunLock(FileStream file) => _file = file;

    /// <summary>Takes a run folder.</summary>
    /// <param name="folder">Made if it does not exist.</param>
    /// <exception cref="IOException">Another process trains there, or the folder cannot be written.</exception>
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
            throw new IOException($"another process trains in {folder}", error);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new IOException($"{path} cannot be written: {error.Message}", error);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
