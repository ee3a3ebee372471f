using Nvg.Cli.Terminal;
using Nvg.Imaging;
using Nvg.Torch.Files;

namespace Nvg.Cli.Output;

/// <summary>Chooses the form of the output by the name of the target.</summary>
internal static class ImageOutput
{
    // Beyond this a grid is no longer an image that anything opens.
    private const long MostSheetPixels = 1L << 26;

    /// <summary>Whether a target means a folder: it is one, or its name has no extension.</summary>
    internal static bool IsFolder(string target) => Directory.Exists(target) || Path.EndsInDirectorySeparator(target) || Path.GetExtension(target).Length == 0;

    /// <summary>Whether a target means one .npz.</summary>
    internal static bool IsSamples(string target) => !IsFolder(target) && Path.GetExtension(target).Equals(".npz", StringComparison.OrdinalIgnoreCase);

    /// <summary>Throws unless images can be written to a target.</summary>
    /// <exception cref="UsageException">The target names no form, or one that does not hold what is asked for.</exception>
    internal static void Check(string target, bool withStages)
    {
        if (IsFolder(target))
            return;
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
            throw new UsageException($"-o {target}: '{Path.GetExtension(target)}' is no output; give a .png, .jpg or .webp for one grid, an .npz, or a folder");
        }
    }

    /// <summary>Throws now, and not after the work, where a file or folder cannot be written. Makes the folders that are missing.</summary>
    /// <exception cref="IOException">It cannot.</exception>
    internal static void RequireWritable(string target)
    {
        if (IsFolder(target))
            RequireWritableFolder(target);
        else
            RequireWritable(target, AtomicFile.TemporaryName(target));
    }

    /// <summary>The same for what means a folder whatever its name.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    internal static void RequireWritableFolder(string target) => RequireWritable(target, AtomicFile.TemporaryName(Path.Combine(target, "probe")));

    /// <summary>The output for a target that <see cref="Check"/> passed.</summary>
    /// <exception cref="UsageException">There are too many images for one grid.</exception>
    internal static IImageOutput Create(string target, IReadOnlyList<string> labels, int count, int side, int columns, int stagesDrawn)
    {
        if (IsFolder(target))
            return new FolderOutput(target, labels, stagesDrawn > 0);
        if (IsSamples(target))
            return new SamplesOutput(target, count, side);
        RequireSheet(target, count, side, columns, stagesDrawn);
        return new SheetOutput(target, columns, stagesDrawn > 0);
    }

    /// <summary>Throws where an image of all images would be too large.</summary>
    /// <param name="target">What would be written.</param>
    /// <param name="count">Images.</param>
    /// <param name="side">Their side.</param>
    /// <param name="columns">Images in a row, or 0 for a grid about as wide as it is high.</param>
    /// <param name="stagesDrawn">Stages drawn of each, 0 for the image alone.</param>
    /// <exception cref="UsageException">It would be too large.</exception>
    internal static void RequireSheet(string target, int count, int side, int columns, int stagesDrawn)
    {
        if ((long)count * Math.Max(1, 2 * stagesDrawn) * side * side > MostSheetPixels)
            throw new UsageException($"{count} images are too many for {target}: write to a folder or an .npz");
        ImageFormat format = ImageFile.FormatOf(target);
        // An animation has a grid for every stage; on a sheet a row holds the stages of one image.
        int cells = count * Math.Max(1, 2 * stagesDrawn);
        bool rows = stagesDrawn > 0 && format != ImageFormat.Gif;
        int enlargement = ImageGrid.ComfortableEnlargement(side, side, rows ? cells : count * Math.Max(1, stagesDrawn));
        (long width, long height) = ImageGrid.Size(rows ? cells : count, side, side, rows ? 2 * stagesDrawn : columns, enlargement: enlargement);
        if (Math.Max(width, height) > LongestSide(format))
            throw new UsageException($"{target} would be {width} × {height}, the format holds {LongestSide(format)} a side: write to a .png or a folder, or ask for fewer images");
    }

    private static void RequireWritable(string target, string probe)
    {
        for (string? above = Path.GetDirectoryName(probe); above is not null; above = Path.GetDirectoryName(above))
        {
            if (File.Exists(above))
                throw new IOException($"{target} cannot be written: {above} is no folder");
        }

        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(probe)!);
            File.Create(probe, 1, FileOptions.DeleteOnClose).Dispose();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
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
