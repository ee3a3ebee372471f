namespace Nvg.Architecture.Tests;

/// <summary>Lines of source files have at most 140 columns.</summary>
public class LineLengthTests
{
    private const int MostColumns = 140;

    /// <summary>The folders that are checked.</summary>
    public static TheoryData<string> Roots => ["src", "native", "benchmarks", "examples", "tests"];

    [Theory]
    [MemberData(nameof(Roots))]
    public void Line_FitsTheScreen(string root)
    {
        var longLines =
            from file in Repository.SourceFiles(root, ".cs", ".cpp", ".h", ".inc")
            from line in File.ReadLines(file).Index()
            where line.Item.Length > MostColumns
            select $"{Repository.RelativePath(file)}:{line.Index + 1} has {line.Item.Length} columns";
        Assert.Empty(longLines);
    }
}
