using System.Diagnostics;
using System.Threading.Channels;
using Nvg.Data.Datasets;
using Nvg.Data.Sources;
using Nvg.Imaging;
using Nvg.Torch.Files;

namespace Nvg.Data.Packing;

/// <summary>
/// Decodes, crops and packs images once, so that training reads plain bytes. One thread reads the source, several decode, and one
/// writes in the order of the source, so the result does not depend on the number of threads.
/// </summary>
public static class Preparation
{
    private const int ImagesInFlightPerThread = 16;
    private static readonly TimeSpan BetweenReports = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Packs a source into a new folder, which is created atomically. Files that cannot be decoded are skipped, counted and reported with a
    /// reason.
    /// </summary>
    /// <param name="source">The images.</param>
    /// <param name="folder">The folder to create; it must not exist or be empty, unless a data set is to be replaced.</param>
    /// <param name="options">Sizes and threads.</param>
    /// <param name="progress">Receives progress about ten times a second and once at the end; may be null.</param>
    /// <param name="cancellationToken">Stops the work; nothing is left behind.</param>
    /// <returns>The content of <c>dataset.json</c>.</returns>
    /// <exception cref="NvgDataException">The source is damaged, or contains no usable image.</exception>
    /// <exception cref="IOException">The folder cannot be written: it exists, the disk is full, and so on.</exception>
    public static async Task<DatasetDescription> RunAsync(
        ImageSource source,
        string folder,
        PreparationOptions options,
        IProgress<PreparationProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        ImageLibrary.Load();
        using var writer = new DatasetWriter(folder, options.KeepFiles, options.Replaces);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var bounds = new BoundedChannelOptions(options.EffectiveThreads * ImagesInFlightPerThread);
        var work = Channel.CreateBounded<Item>(bounds);
        var inOrder = Channel.CreateBounded<Item>(bounds);
        var layout = new SplitLayout();
        Task reading = Task.Run(() => ReadAsync(source, layout, work.Writer, inOrder.Writer, stop.Token), CancellationToken.None);
        Task[] decoding = [.. Enumerable.Range(0, options.EffectiveThreads)
            .Select(_ => Task.Run(() => DecodeAsync(work.Reader, options, stop.Token), CancellationToken.None))];
        try
        {
            await WriteAsync(inOrder.Reader, writer, () => source.ShareRead, progress, stop.Token).ConfigureAwait(false);
            await reading.ConfigureAwait(false);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            // Errors after cancellation contain no new information.
            await Task.WhenAll([reading, .. decoding]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        RequireSome(source, writer);
        if (layout.Problem() is var (problem, remedy))
            throw NvgDataException.At(Where(source), problem, remedy);
        cancellationToken.ThrowIfCancellationRequested();
        return writer.Complete(source, options);
    }

    private static async Task ReadAsync(
        ImageSource source, SplitLayout layout, ChannelWriter<Item> work, ChannelWriter<Item> inOrder, CancellationToken stop)
    {
        Exception? broken = null;
        try
        {
            foreach (ImageEntry entry in source.AllEntries())
            {
                if (entry.NotAImage is null)
                    layout.Add(entry);
                var item = new Item(entry);
                await inOrder.WriteAsync(item, stop).ConfigureAwait(false);
                await work.WriteAsync(item, stop).ConfigureAwait(false);
            }
        }
        catch (Exception e)
        {
            // Any error is passed to the writer; a channel that is never completed would wait forever.
            broken = e;
        }

        work.Complete(broken);
        inOrder.Complete(broken);
    }

    private static async Task DecodeAsync(ChannelReader<Item> work, PreparationOptions options, CancellationToken stop)
    {
        await foreach (Item item in work.ReadAllAsync(stop).ConfigureAwait(false))
        {
            try
            {
                item.Result.SetResult(item.Entry.NotAImage is null ? Decode(item.Entry, options) : null);
            }
            catch (Exception e)
            {
                // The writer handles this: an unusable image is skipped, and any other error ends the work.
                item.Result.SetException(e);
            }
        }
    }

    // The stored bytes of an image.
    private static byte[] Decode(ImageEntry entry, PreparationOptions options)
    {
        byte[] encoded = entry.Read();
        RgbImage image = ImageFile.Decode(encoded, entry.Name, options.EffectiveShorterSide);
        return options.KeepFiles ? encoded : image.CropCentre(options.EffectiveStoredSize, options.EffectiveStoredSize).Pixels;
    }

    private static async Task WriteAsync(
        ChannelReader<Item> inOrder, DatasetWriter writer, Func<double?> share, IProgress<PreparationProgress>? progress,
        CancellationToken stop)
    {
        var clock = Stopwatch.StartNew();
        TimeSpan reported = TimeSpan.Zero;
        await foreach (Item item in inOrder.ReadAllAsync(stop).ConfigureAwait(false))
        {
            try
            {
                if (await item.Result.Task.WaitAsync(stop).ConfigureAwait(false) is { } image)
                    writer.Add(image, item.Entry.ClassName);
                else
                    writer.Skip(item.Entry.Name, item.Entry.NotAImage!);
            }
            catch (NvgDataException e)
            {
                writer.Skip(item.Entry.Name, ReasonWithoutName(e.Message, item.Entry.Name));
            }

            if (clock.Elapsed - reported >= BetweenReports)
                Report(reported = clock.Elapsed);
        }

        Report(clock.Elapsed);

        void Report(TimeSpan now) =>
            progress?.Report(new PreparationProgress(
                writer.Count, writer.SkippedCount, writer.Count / Math.Max(1e-3, now.TotalSeconds), share()));
    }

    /// <summary>Removes the name from a message, because it is reported separately.</summary>
    private static string ReasonWithoutName(string message, string name) =>
        message.StartsWith(name + ": ", StringComparison.Ordinal) ? message[(name.Length + 2)..] : message;

    private static void RequireSome(ImageSource source, DatasetWriter writer)
    {
        if (writer.Count > 0)
            return;
        string where = Where(source);
        if (writer.Skipped.Count == 0)
            throw NvgDataException.At(where, "contains no files", "check the path and the subset");
        SkippedFile first = writer.Skipped[0];
        throw NvgDataException.At(
            where, $"none of {writer.SkippedCount} files is a usable image; the first, {ForeignName.Display(first.Name)}: {first.Reason}");
    }

    private static string Where(ImageSource source) =>
        source.Subset is null ? source.Path : $"{source.Path} (below {source.Subset}/)";

    private sealed record Item(ImageEntry Entry)
    {
        // Continuations run asynchronously, because the writer must not run on a decoding thread.
        public TaskCompletionSource<byte[]?> Result { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
