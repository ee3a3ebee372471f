using Nvg.Labels;

namespace Nvg.Tests.Labels;

public class ClassNamesTests
{
    private static readonly ClassNames Names = new(
        ["tench, Tinca tinca", "goldfish, Carassius auratus", "great white shark", "tiger shark", "7"]);

    [Theory]
    [InlineData("tench, Tinca tinca", new[] { 0 })]
    [InlineData("goldfish", new[] { 1 })]
    [InlineData("Tiger Shark,0", new[] { 3, 0 })]
    [InlineData("7", new[] { 4 })]
    [InlineData("4, 2", new[] { 4, 2 })]
    public void Find_NamesSynonymsNumbers_Found(string list, int[] expected) => Assert.Equal(expected, Names.FindAll(list));

    [Fact]
    public void ToString_IsTheFirstNames() => Assert.Equal("tench, goldfish, great white shark, tiger shark, 7", Names.ToString());

    // As folders are called, and as labels store it.
    [Theory]
    [InlineData("trailing", 0)]
    [InlineData("trailing ", 1)]
    [InlineData(@"trailing\x20", 1)]
    [InlineData(" trailing", 0)]
    [InlineData("new\nline", 2)]
    [InlineData(@"new\x0aline", 2)]
    public void Find_NamesWithSpacesOrControlCharacters_AreThoseOfTheFolders(string name, int expected)
    {
        var names = new ClassNames(["trailing", @"trailing\x20", @"new\x0aline"]);
        Assert.Equal(expected, names.Find(name));
        Assert.Equal([expected], names.FindAll(name));
    }

    [Theory]
    [InlineData("goldfisch", "goldfish")]
    [InlineData("shark", "great white shark or tiger shark")]
    [InlineData("tecnh", "tench")]
    [InlineData("9", "no class 9")]
    [InlineData("zebra", "5 classes")]
    [InlineData("0,,1", "empty")]
    public void Find_Unknown_Explains(string list, string expected)
    {
        var error = Assert.Throws<ClassNameException>(() => Names.FindAll(list));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        // A program sees what a person reads.
        Assert.All(error.Suggestions, name => Assert.Contains(name, error.Message, StringComparison.Ordinal));
        Assert.Empty(error.Matches);
    }

    [Theory]
    [InlineData("n01440764", 0)]
    [InlineData("N01440764", 0)]
    [InlineData("0", 0)]
    [InlineData("tench", 0)]
    [InlineData("Tinca tinca", 0)]
    [InlineData("great white shark, white shark, man-eater, man-eating shark, Carcharodon carcharias", 2)]
    [InlineData("n02012849", 134)]
    [InlineData("517", 517)]
    [InlineData("harp", 594)]
    [InlineData("missile", 657)]
    public void Find_ImageNet_ByNameIdentifierOrNumber(string name, int expected) =>
        Assert.Equal(expected, new ClassNames(ImageNetLabels.Lines).Find(name));

    [Theory]
    [InlineData("crane", "134 (n02012849", "517 (n03126707")]
    [InlineData("maillot", "638 (n03710637", "639 (n03710721")]
    [InlineData("goldfish,crane", "134", "517")]
    [InlineData("panda", "387", "388")]
    public void Find_NameOfTwoClasses_IsRefusedNamingBoth(string name, string one, string other)
    {
        var error = Assert.Throws<ClassNameException>(() => new ClassNames(ImageNetLabels.Lines).FindAll(name));
        Assert.Contains(one, error.Message, StringComparison.Ordinal);
        Assert.Contains(other, error.Message, StringComparison.Ordinal);
        Assert.Contains("number or identifier", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.Equal(2, error.Matches.Count);
    }

    [Fact]
    public void Find_PlainLabelTwice_IsRefused()
    {
        var error = Assert.Throws<ClassNameException>(() => new ClassNames(["crane", "heron", "crane"]).Find("crane"));
        Assert.Equal("'crane' names 2 classes: 0 (crane) and 2 (crane); say which by its number", error.Message);
        Assert.Equal("crane", error.Name);
        Assert.Equal([0, 2], error.Matches);
    }

    [Theory]
    [InlineData("tench", null, "tench")]
    [InlineData("tench, Tinca tinca", null, "tench|Tinca tinca")]
    [InlineData("n01440764\ttench, Tinca tinca", "n01440764", "tench|Tinca tinca")]
    [InlineData("n01440764\t", "n01440764", "n01440764")]
    [InlineData("", null, "")]
    public void Parse_Line_GivesIdentifierAndNames(string line, string? identifier, string names)
    {
        ClassLabel label = ClassLabel.Parse(line);
        Assert.Equal(identifier, label.Identifier);
        Assert.Equal(names.Split('|'), label.Names);
    }

    [Fact]
    public void Random_NoClasses_IsRefused() =>
        Assert.Contains(
            "no classes", Assert.Throws<NvgDataException>(() => new ClassNames([]).Random(1)).Message, StringComparison.Ordinal);

    [Fact]
    public void Random_Seeds_ReachAllClasses() =>
        Assert.Equal(5, Enumerable.Range(0, 100).Select(s => Names.Random((ulong)s)).Distinct().Count());
}
