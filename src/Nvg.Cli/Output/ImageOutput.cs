using Nvg.Cli.Terminal;
using Nvg.Imaging;
using Nvg.Torch.Files;

namespace Nvg.Cli.Output;

/// <summary>Selects the form of the output from the name of the target.</summary>
internal static class ImageOutput
{
    /// <summary>The target that stands for standard output.</summary>
    internal const string StandardOutput = "-";

    // Few programs can open a larger image.
    private const long MaximumSheetPixels = 1L << 26;

    /// <summary>Whether a target is a folder: it exists as one, or its name has no extension.</summary>
    internal static bool IsFolder(string target) => target != StandardOutput
        && (Directory.Exists(target) || Path.EndsInDirectorySeparator(target) || Path.GetExtension(target).Length == 0);

    /// <summary>Whether a target is an .npz file.</summary>
    internal static bool IsSamples(string target) =>
        !IsFolder(target) && Path.GetExtension(target).Equals(".npz", StringComparison.OrdinalIgnoreCase);

    /// <summary>Where the images are, for the message at the end: the file, or the first and the last file of a folder.</summary>
    /// <param name="target">The target.</param>
    /// <param name="files">The file of every image; null where one file holds all.</param>
    internal static string Place(string target, IReadOnlyList<string?> files) => files switch
    {
        _ when target == StandardOutput => "standard output",
        [{ } only] => only,
        [{ } first, .., { } last] => $"{target}: {Path.GetRelativePath(target, first)} … {Path.GetRelativePath(target, last)}",
        _ => target,
    };

    /// <summary>What an interruption leaves behind.</summary>
    /// <param name="target">The target.</param>
    /// <param name="files">The file of every finished image, at least one; null where one file was to hold all.</param>
    /// <param name="count">Number of images that were asked for.</param>
    internal static InterruptedException Interrupted(string target, IReadOnlyList<string?> files, int count)
    {
        string done = $"{ConsoleText.Count(files.Count, "finished image")} of {count}";
        return new InterruptedException(files[0] is null
            ? $"{done} not written; -o FOLDER writes every image when it is finished"
            : $"{done} written to {target}");
    }

    /// <summary>Throws unless images can be written to a target.</summary>
    /// <exception cref="UsageException">The form of the target is unknown, or cannot hold stages.</exception>
    internal static void Check(string target, bool withStages)
    {
        if (target == StandardOutput)
            return;
        if (IsFolder(target))
        {
            if (!File.Exists(target))
                return;
            throw new UsageException($"-o {target}: a name without extension is a folder, and this one is a file; use .png, .jpg or .webp "
                + $"for one file, or {StandardOutput} for standard output");
        }

        if (IsSamples(target))
        {
            if (withStages)
                throw new UsageException($"--stages draws images, which {target} cannot hold: write to a .png or a folder");
            return;
        }

        try
        {
            ImageFile.FormatOf(target);
        }
        catch (ArgumentException)
        {
            throw new UsageException(
                $"-o {target}: '{Path.GetExtension(target)}' is not supported; use .png, .jpg or .webp for one file, .npz for all "
                    + "images, or a folder");
        }
    }

    /// <summary>Throws before the work if a file or folder cannot be written. Creates missing folders.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    internal static void RequireWritable(string target)
    {
        if (target == StandardOutput)
            return;
        if (IsFolder(target))
            RequireWritableFolder(target);
        else
            RequireWritable(target, AtomicFile.TemporaryName(target));
    }

    /// <summary>Throws before the work if there is not enough disk space for a file.</summary>
    /// <exception cref="IOException">There is not enough space.</exception>
    internal static void RequireRoom(string target, long bytes)
    {
        long free = new DriveInfo(Path.GetDirectoryName(Path.GetFullPath(target))!).AvailableFreeSpace;
        if (bytes > free)
            throw new IOException(FormattableString.Invariant(
                $"{target}: {bytes / 1e6:N1} MB are needed, {free / 1e6:N1} MB are free on the disk"));
    }

    /// <summary>Throws before the work if a folder cannot be written. The name may look like that of a file.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    internal static void RequireWritableFolder(string target) =>
        RequireWritable(target, AtomicFile.TemporaryName(Path.Combine(target, "probe")));

    /// <summary>Creates the output for a target that <see cref="Check"/> accepted.</summary>
    /// <param name="target">The target.</param>
    /// <param name="labels">Class names, for folders.</param>
    /// <param name="count">Number of images.</param>
    /// <param name="side">Side of the images in pixels.</param>
    /// <param name="style">Arrangement of a single file.</param>
    /// <param name="stagesDrawn">Number of stages drawn per image, 0 for the image alone.</param>
    /// <exception cref="UsageException">There are too many images for one grid.</exception>
    internal static IImageOutput Create(string target, IReadOnlyList<string> labels, int count, int side, SheetStyle style, int stagesDrawn)
    {
        if (IsFolder(target))
            return new FolderOutput(target, labels, stagesDrawn > 0);
        if (IsSamples(target))
            return new SamplesOutput(target, count, side);
        RequireSheet(target, count, side, style, stagesDrawn);
        return new SheetOutput(target, style, stagesDrawn > 0);
    }

    /// <summary>Throws if one image of all images would be too large.</summary>
    /// <param name="target">The file.</param>
    /// <param name="count">Number of images.</param>
    /// <param name="side">Side of the images in pixels.</param>
    /// <param name="style">Arrangement of the images.</param>
    /// <param name="stagesDrawn">Number of stages drawn per image, 0 for the image alone.</param>
    /// <exception cref="UsageException">It would be too large.</exception>
    internal static void RequireSheet(string target, int count, int side, SheetStyle style, int stagesDrawn)
    {
        long all = (long)count * Math.Max(1, 2 * stagesDrawn);
        if (all * side * side > MaximumSheetPixels)
            throw new UsageException($"{count} images are too many for {target}: write to a folder or an .npz");
        int cells = (int)all;
        ImageFormat format = target == StandardOutput ? ImageFormat.Png : ImageFile.FormatOf(target);
        // An animation has one grid per stage; on a sheet a row holds the stages of one image.
        bool rows = stagesDrawn > 0 && format != ImageFormat.Gif;
        int enlargement = stagesDrawn == 0 && style.Scale is { } scale
            ? scale
            : ImageGrid.ComfortableEnlargement(side, side, rows ? cells : count * Math.Max(1, stagesDrawn));
        (long width, long height) =
            ImageGrid.Size(rows ? cells : count, side, side, rows ? 2 * stagesDrawn : style.Columns, enlargement: enlargement);
        int longest = LongestSide(format);
        if (Math.Max(width, height) > longest || width * height > MaximumSheetPixels * 16)
        {
            throw new UsageException(
                $"{target} would be {width} × {height}, too large for the format: write to a .png or a folder, or use fewer images or "
                    + "a smaller --scale");
        }
    }

    private static void RequireWritable(string target, string probe)
    {
        for (string? above = Path.GetDirectoryName(probe); above is not null; above = Path.GetDirectoryName(above))
        {
            if (File.Exists(above))
                throw new IOException($"{target} cannot be written: {above} is not a folder");
        }

        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(probe)!);
            File.Create(probe, 1, FileOptions.DeleteOnClose).Dispose();
        }
        catch (FileNotFoundException error)
        {
            throw new IOException($"{target} cannot be written: no file can be created there", error);
        }
        catch (Exception error) when (FileFailure.IsFileError(error))
        {
            throw new IOException($"{target} cannot be written: {error.Message.Replace(probe, target, StringComparison.Ordinal)}", error);
        }
    }

    private static int LongestSide(ImageFormat format) => format switch
    {
        ImageFormat.WebP => 16383,
        ImageFormat.Jpeg or ImageFormat.Gif => 65535,
        _ => int.MaxValue,
    };
}
