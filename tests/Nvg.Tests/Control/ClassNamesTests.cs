using Nvg.Control;

namespace Nvg.Tests.Control;

public class ClassNamesTests
{
    private static readonly ClassNames Names = new(["tench, Tinca tinca", "goldfish, Carassius auratus", "great white shark", "tiger shark", "7"]);

    [Theory]
    [InlineData("tench, Tinca tinca", new[] { 0 })]
    [InlineData("goldfish", new[] { 1 })]
    [InlineData("Tiger Shark,0", new[] { 3, 0 })]
    [InlineData("7", new[] { 4 })]
    [InlineData("4, 2", new[] { 4, 2 })]
    public void Find_NamesSynonymsNumbers_Found(string list, int[] expected) => Assert.Equal(expected, Names.Find(list, out _));

    [Theory]
    [InlineData("goldfisch", "goldfish")]
    [InlineData("shark", "great white shark or tiger shark")]
    [InlineData("tecnh", "tench")]
    [InlineData("9", "no class 9")]
    [InlineData("zebra", "5 classes")]
    [InlineData("0,,1", "empty")]
    public void Find_Unknown_Explains(string list, string expected)
    {
        Assert.Null(Names.Find(list, out string? problem));
        Assert.Contains(expected, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Random_Seeds_ReachAllClasses() =>
        Assert.Equal(5, Enumerable.Range(0, 100).Select(s => Names.Random((ulong)s)).Distinct().Count());
}
