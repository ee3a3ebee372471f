using System.Diagnostics;
using Nvg.Data.Datasets;
using Nvg.Data.Sources;
using Nvg.Imaging;

namespace Nvg.Cli.Bench;

/// <summary>How fast image files become training squares: decoded, resized and cut at random places, as a training run does it.</summary>
/// <param name="Images">Different files.</param>
/// <param name="MeanPixels">Pixels of a file, on average, in millions.</param>
/// <param name="MeanBytes">Bytes of a file, on average.</param>
/// <param name="Size">Side of the squares.</param>
/// <param name="Threads">Threads that decoded.</param>
/// <param name="Squares">Squares that were made.</param>
/// <param name="Seconds">Time it took.</param>
/// <param name="CoreSeconds">Time that cores worked for it, which other programs do not lengthen by taking turns.</param>
public sealed record DecodingSpeed(int Images, double MeanPixels, double MeanBytes, int Size, int Threads, int Squares, double Seconds, double CoreSeconds)
{
    /// <summary>Squares per second of all threads together.</summary>
    public double PerSecond => Squares / Seconds;

    /// <summary>Squares per second that one core makes.</summary>
    public double PerSecondAndCore => Squares / CoreSeconds;

    /// <summary>Measures.</summary>
    /// <param name="source">The files, which are held in memory; those that are no images are left out.</param>
    /// <param name="most">At most as many different files.</param>
    /// <param name="size">Side of the squares.</param>
    /// <param name="threads">Threads; 0 takes one per processor.</param>
    /// <param name="duration">How long to measure, after every file was read once.</param>
    /// <param name="cancellation">Ends the measurement.</param>
    /// <exception cref="NvgDataException">The source holds no usable image.</exception>
    public static DecodingSpeed Measure(ImageSource source, int most, int size, int threads, TimeSpan duration, CancellationToken cancellation)
    {
        (byte[] Bytes, double Pixels)[] files = [.. Usable(source).Take(most)];
        if (files.Length == 0)
            throw NvgDataException.At(source.Path, "holds no usable image");
        int workers = threads == 0 ? Environment.ProcessorCount : threads, started = -1, done = 0;
        using var process = Process.GetCurrentProcess();
        TimeSpan before = process.TotalProcessorTime;
        var clock = Stopwatch.StartNew();
        Thread[] all = [.. Enumerable.Range(0, workers).Select(_ => new Thread(() =>
        {
            byte[] square = new byte[size * size * RgbImage.Channels];
            while (clock.Elapsed < duration && !cancellation.IsCancellationRequested)
            {
                int next = Interlocked.Increment(ref started);
                double place = next * 0.6180339887498949 % 1;
                EncodedDataset.CopySquare(files[next % files.Length].Bytes, "an image", size, new ImageCrop(place, place, next % 2 == 0), square);
                Interlocked.Increment(ref done);
            }
        }))];
        Array.ForEach(all, t => t.Start());
        Array.ForEach(all, t => t.Join());
        cancellation.ThrowIfCancellationRequested();
        process.Refresh();
        double worked = (process.TotalProcessorTime - before).TotalSeconds;
        return new DecodingSpeed(files.Length, files.Average(f => f.Pixels) / 1e6, files.Average(f => (double)f.Bytes.Length), size, workers, done, clock.Elapsed.TotalSeconds, worked);
    }

    private static IEnumerable<(byte[] Bytes, double Pixels)> Usable(ImageSource source)
    {
        foreach (ImageEntry entry in source.Entries().Where(e => e.NotAImage is null))
        {
            byte[] bytes = entry.Read();
            RgbImage image;
            try
            {
                image = ImageFile.Decode(bytes, entry.Name);
            }
            catch (NvgDataException)
            {
                continue;
            }

            yield return (bytes, (double)image.Width * image.Height);
        }
    }
}
