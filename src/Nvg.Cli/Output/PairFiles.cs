using Nvg.Cli.Terminal;
using Nvg.Data.Loading;

namespace Nvg.Cli.Output;

/// <summary>The files that <c>nvg reconstruct</c> writes for an image.</summary>
/// <param name="Pair">File of the original beside its reconstruction.</param>
/// <param name="Stages">File of the stages, or null if they are not drawn.</param>
internal sealed record PairFiles(string Pair, string? Stages)
{
    /// <summary>Chooses unique file names for all images, before anything is written.</summary>
    /// <param name="folder">Folder of the files.</param>
    /// <param name="entries">The images, which are not read.</param>
    /// <param name="withStages">Whether stages are drawn.</param>
    /// <exception cref="UsageException">A file would overwrite one of the images.</exception>
    internal static IReadOnlyList<PairFiles> Plan(string folder, IEnumerable<SquareEntry> entries, bool withStages)
    {
        var inputs = new HashSet<string>(FilePlace.Comparer);
        var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var plan = new List<PairFiles>();
        foreach (SquareEntry entry in entries)
        {
            if (entry.File is { } file)
                inputs.Add(FilePlace.Of(file));
            string stem = Path.GetFileNameWithoutExtension(entry.Name), unique = stem;
            for (int i = 2; taken.Contains(unique + ".png") || (withStages && taken.Contains(unique + ".stages.png")); i++)
                unique = $"{stem}-{i}";
            taken.Add(unique + ".png");
            if (withStages)
                taken.Add(unique + ".stages.png");
            plan.Add(new PairFiles(Path.Combine(folder, unique + ".png"),
                withStages ? Path.Combine(folder, unique + ".stages.png") : null));
        }

        string real = FilePlace.OfFolder(folder);
        IEnumerable<string> files = plan.SelectMany(p => new[] { p.Pair, p.Stages }).OfType<string>();
        if (files.FirstOrDefault(f => inputs.Contains(Path.Combine(real, Path.GetFileName(f)))) is { } original)
            throw new UsageException($"{original} is one of the images and would be overwritten: choose another folder with -o");
        return plan;
    }
}
