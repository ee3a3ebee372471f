namespace Nvg.Architecture.Tests;

/// <summary>Folders stay small enough to take in at a glance, and comments cite documents that a reader has.</summary>
public class FolderTests
{
    private const int MostFiles = 16;

    // Folders that are larger, with the number of files that they may have.
    private static readonly Dictionary<string, int> Exceptions = new()
    {
        // The front door: what an application uses first stands side by side.
        ["src/Nvg"] = 21,
        ["tests/Nvg.Cli.Tests"] = 20,
    };

    [Theory]
    [InlineData("src")]
    [InlineData("tests")]
    public void Folder_HasFewSourceFiles(string root)
    {
        var crowded = Repository.SourceFiles(root, ".cs").GroupBy(file => Repository.RelativePath(Path.GetDirectoryName(file)!))
            .Where(folder => folder.Count() > Exceptions.GetValueOrDefault(folder.Key, MostFiles))
            .Select(folder => $"{folder.Key} has {folder.Count()} files; divide it into sub-rooms");
        Assert.Empty(crowded);
    }

    [Theory]
    [InlineData("specification, section")]
    [InlineData("specification, sections")]
    public void Source_CitesThePaperAndTheMethod(string foreign) =>
        Assert.DoesNotContain(
            Repository.SourceFiles("src", ".cs").Select(file => (File: Repository.RelativePath(file), Text: File.ReadAllText(file))),
            source => source.Text.Contains(foreign, StringComparison.OrdinalIgnoreCase));
}
