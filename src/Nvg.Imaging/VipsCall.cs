using NetVips;

namespace Nvg.Imaging;

/// <summary>
/// Runs work on libvips from many threads and reports why it failed. libvips keeps one error text for the whole process,
/// in which the reasons of several threads mix. Work that failed is therefore repeated with every other thread kept out,
/// so that the text it leaves is its own: the same unusable file always gets the same message.
/// </summary>
internal static class VipsCall
{
    // What libheif says of HEVC streams, which are patented; libvips' own packages leave their decoder out.
    private const string UnsupportedCodec = "HEVC";

    private static readonly ReaderWriterLockSlim Gate = new();
    private static readonly SemaphoreSlim Places = new(ImageLibrary.MostCalls);

    /// <exception cref="NvgDataException">The work failed; the line names <paramref name="where"/>.</exception>
    internal static T Run<T>(string where, Func<T> work)
    {
        ImageLibrary.Load();
        Places.Wait();
        Gate.EnterReadLock();
        try
        {
            return work();
        }
        catch (VipsException)
        {
            // Repeated below, alone.
        }
        finally
        {
            Gate.ExitReadLock();
            Places.Release();
        }

        return RunAlone(where, work);
    }

    private static T RunAlone<T>(string where, Func<T> work)
    {
        Gate.EnterWriteLock();
        try
        {
            DiscardErrors();
            return work();
        }
        catch (VipsException failed)
        {
            throw failed.Message.Contains(UnsupportedCodec, StringComparison.Ordinal)
                ? NvgDataException.At(
                    where,
                    "is a HEIC image, which the loaded libvips does not decode",
                    $"convert it to JPEG or AVIF, or name another libvips in {ImageLibrary.PathVariable}",
                    failed)
                : NvgDataException.At(where, $"libvips reports {Reason(failed)}", innerException: failed);
        }
        finally
        {
            Gate.ExitWriteLock();
        }
    }

    // The constructor moves libvips' error text into the message and clears the buffer; there is no other public way.
    private static void DiscardErrors() => _ = new VipsException(string.Empty);

    /// <summary>The distinct lines of libvips, one for each layer that failed, without NetVips' own line before them.</summary>
    private static string Reason(VipsException failed)
    {
        string[] lines = failed.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return string.Join(", ", lines.Length > 1 ? lines[1..].Distinct() : lines);
    }
}
