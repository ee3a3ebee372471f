using NetVips;

namespace Nvg.Imaging;

/// <summary>
/// Runs libvips work from many threads and reports why it failed. libvips keeps one error text per process, in which the errors of several
/// threads are mixed. Failed work is therefore repeated while all other threads are excluded, so that the text contains only its own error:
/// the same unusable file always gets the same message.
/// </summary>
internal static class VipsCall
{
    // libheif's message for HEVC streams, which are patented; libvips' own packages omit the decoder.
    private const string UnsupportedCodec = "HEVC";

    private static readonly ReaderWriterLockSlim Gate = new();
    private static readonly SemaphoreSlim Places = new(ImageLibrary.MostCalls);

    // libvips has one lock for the whole process and takes it a few thousand times for each image. With small images that is most of the
    // time: many threads contend for it and are together slower than one. Larger files spend their time on pixels instead.
    private const int LargestSmallFile = 1 << 13;
    private static readonly Lock SmallFiles = new();

    /// <summary>Runs work on an encoded image.</summary>
    /// <param name="where">Name of the image in error messages.</param>
    /// <param name="length">Number of encoded bytes.</param>
    /// <param name="work">The work.</param>
    /// <exception cref="NvgDataException">The work failed; the message names <paramref name="where"/>.</exception>
    internal static T RunOn<T>(string where, int length, Func<T> work)
    {
        if (length > LargestSmallFile)
            return Run(where, work);
        lock (SmallFiles)
            return Run(where, work);
    }

    /// <exception cref="NvgDataException">The work failed; the message names <paramref name="where"/>.</exception>
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
            // Repeated below, exclusively.
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
                    $"convert it to JPEG or AVIF, or set a different libvips in {ImageLibrary.PathVariable}",
                    failed)
                : NvgDataException.At(where, $"libvips reports {Reason(failed)}", innerException: failed);
        }
        finally
        {
            Gate.ExitWriteLock();
        }
    }

    // The constructor moves libvips' error text into the message and clears the buffer; there is no other public API for this.
    private static void DiscardErrors() => _ = new VipsException(string.Empty);

    /// <summary>The distinct error lines of libvips, one per failed layer, without the preceding line from NetVips.</summary>
    private static string Reason(VipsException failed)
    {
        string[] lines = failed.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return string.Join(", ", lines.Length > 1 ? lines[1..].Distinct() : lines);
    }
}
