using System.Runtime.InteropServices;

namespace Nvg.Imaging.Interop;

/// <summary>
/// Runs work on libvips from many threads and finds out why it failed. libvips keeps one error text for the whole
/// process, in which the reasons of several threads mix. Work that failed is therefore done once more with every other
/// thread kept out, so that the text it leaves is its own: the same bad file always gets the same words.
/// </summary>
internal static unsafe class VipsCall
{
    private static readonly ReaderWriterLockSlim Gate = new();

    /// <exception cref="NvgDataException">The work failed; the line names <paramref name="where"/>.</exception>
    internal static T Run<T>(string where, Func<T> work)
    {
        ImageLibrary.Load();
        Gate.EnterReadLock();
        try
        {
            return work();
        }
        catch (VipsException)
        {
            // Done again below, alone.
        }
        finally
        {
            Gate.ExitReadLock();
        }

        return RunAlone(where, work);
    }

    private static T RunAlone<T>(string where, Func<T> work)
    {
        Gate.EnterWriteLock();
        try
        {
            Vips.ClearErrors();
            return work();
        }
        catch (VipsException failed)
        {
            throw NvgDataException.At(where, Reason() ?? failed.Message, innerException: failed);
        }
        finally
        {
            Gate.ExitWriteLock();
        }
    }

    /// <summary>libvips writes a line for every layer that failed; the distinct ones are joined into one.</summary>
    private static string? Reason()
    {
        byte* text = Vips.TakeErrors();
        string lines = Marshal.PtrToStringUTF8((nint)text) ?? string.Empty;
        Vips.Free(text);
        string reason = string.Join(", ", lines.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct());
        return reason.Length == 0 ? null : reason;
    }
}
