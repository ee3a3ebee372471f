using System.Diagnostics;
using Nvg.Data.Datasets;
using Nvg.Data.Sources;
using Nvg.Imaging;

namespace Nvg.Cli.Bench;

/// <summary>Speed of decoding image files into training images: decoded, resized and randomly cropped, as in a training run.</summary>
/// <param name="Images">Number of different files.</param>
/// <param name="MeanPixels">Mean number of pixels per file, in millions.</param>
/// <param name="MeanBytes">Mean size of a file in bytes.</param>
/// <param name="Size">Side of the crops in pixels.</param>
/// <param name="Threads">Number of threads.</param>
/// <param name="Squares">Number of crops made.</param>
/// <param name="Seconds">Elapsed time in seconds.</param>
/// <param name="CoreSeconds">Processor time in seconds, which other programs do not affect.</param>
public sealed record DecodingSpeed(int Images, double MeanPixels, double MeanBytes, int Size, int Threads, int Squares, double Seconds,
    double CoreSeconds)
{
    /// <summary>Crops per second of all threads.</summary>
    public double PerSecond => Squares / Seconds;

    /// <summary>Crops per second and core.</summary>
    public double PerSecondAndCore => Squares / CoreSeconds;

    /// <summary>Runs the measurement.</summary>
    /// <param name="source">The files, which are held in memory; files that are not images are ignored.</param>
    /// <param name="most">Maximum number of different files.</param>
    /// <param name="size">Side of the crops in pixels.</param>
    /// <param name="threads">Number of threads; 0 for one per core.</param>
    /// <param name="duration">Duration of the measurement, after every file was read once.</param>
    /// <param name="cancellation">Cancels the measurement.</param>
    /// <exception cref="NvgDataException">The source has no usable image.</exception>
    public static DecodingSpeed Measure(ImageSource source, int most, int size, int threads, TimeSpan duration,
        CancellationToken cancellation)
    {
        (byte[] Bytes, double Pixels)[] files = [.. Usable(source).Take(most)];
        if (files.Length == 0)
            throw NvgDataException.At(source.Path, "has no usable image");
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
                EncodedDataset.CopySquare(files[next % files.Length].Bytes, "an image", size, new ImageCrop(place, place, next % 2 == 0),
                    square);
                Interlocked.Increment(ref done);
            }
        }))];
        Array.ForEach(all, t => t.Start());
        Array.ForEach(all, t => t.Join());
        cancellation.ThrowIfCancellationRequested();
        process.Refresh();
        double worked = (process.TotalProcessorTime - before).TotalSeconds;
        return new DecodingSpeed(files.Length, files.Average(f => f.Pixels) / 1e6, files.Average(f => (double)f.Bytes.Length), size,
            workers, done, clock.Elapsed.TotalSeconds, worked);
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
