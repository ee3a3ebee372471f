namespace Nvg;

/// <summary>The single place that translates system file errors into messages that name the file.</summary>
internal static class FileFailure
{
    /// <summary>Whether an exception means that a file or folder is missing, locked, inaccessible or damaged.</summary>
    internal static bool IsFileError(Exception error) => error is IOException or UnauthorizedAccessException;

    /// <summary>Runs a read operation and reports file errors as unusable data.</summary>
    /// <param name="where">The file or folder, as named in messages.</param>
    /// <param name="read">The read operation.</param>
    /// <exception cref="NvgDataException">The file is missing or cannot be read.</exception>
    internal static T Reading<T>(string where, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (IsFileError(error))
        {
            throw Unreadable(where, error);
        }
    }

    /// <summary>Runs a write operation and reports file errors with the name of the file.</summary>
    /// <param name="where">The file or folder, as named in messages.</param>
    /// <param name="write">The write operation.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    internal static void Writing(string where, Action write)
    {
        try
        {
            write();
        }
        catch (Exception error) when (IsFileError(error))
        {
            throw Unwritable(where, error);
        }
    }

    /// <summary>Creates the exception for a file that is missing or cannot be read.</summary>
    internal static NvgDataException Unreadable(string where, Exception error) => NvgDataException.At(
        where,
        error is FileNotFoundException or DirectoryNotFoundException ? "does not exist" : $"cannot be read: {error.Message}",
        innerException: error);

    /// <summary>Creates the exception for a file that cannot be written.</summary>
    internal static IOException Unwritable(string where, Exception error) => new($"{where}: cannot be written: {error.Message}", error);
}
