using Nvg.Cli.Terminal;
using Nvg.Data.Datasets;
using Nvg.Data.Sources;
using Nvg.Torch.Files;

namespace Nvg.Cli.Output;

/// <summary>Reports the files that a preparation skipped: the first of them, and the file that lists the others.</summary>
internal static class SkippedFiles
{
    private const int MostShown = 10;

    /// <summary>Writes the report to standard error.</summary>
    /// <param name="description">The prepared data.</param>
    /// <param name="folder">Folder of the data.</param>
    internal static void Note(DatasetDescription description, string folder)
    {
        foreach (SkippedFile file in description.Skipped.Take(MostShown))
            ConsoleText.Note($"skipped {ForeignName.Display(file.Name)}: {file.Reason}");
        if (description.SkippedCount > MostShown)
        {
            ConsoleText.Note($"skipped {description.SkippedCount - MostShown:N0} more; "
                + $"{Path.Combine(folder, DatasetDescription.FileName)} lists them");
        }
    }
}
