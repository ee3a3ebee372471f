using Nvg.Labels;

namespace Nvg.Tests.Labels;

/// <summary>What is written to folders of classes is found again by their names.</summary>
public class ClassFoldersTests
{
    [Theory]
    [InlineData("A|B|a|b")]
    [InlineData("crane|maillot|crane|maillot")]
    [InlineData("a:b|a/b|a_b|.|..|new\\x0aline")]
    [InlineData("Straße|STRASSE|strasse|12|7")]
    [InlineData("x|X|x (0)|3|.")]
    public void Of_AnyNames_AreDifferentFoldersThatLeadBack(string names)
    {
        string[] labels = names.Split('|');
        string[] folders = ClassFolders.Of(labels);
        Assert.Equal(folders.Length, folders.Distinct(StringComparer.OrdinalIgnoreCase).Count());
        var match = new ClassMatch(labels, "folder");
        Assert.Equal(Enumerable.Range(0, labels.Length), folders.Select(match.NumberOf));
    }

    [Theory]
    [InlineData("A", 0)]
    [InlineData("a", 2)]
    [InlineData("b", 3)]
    public void NumberOf_NamesThatDifferInCase_AreMeantLetterByLetter(string name, int number)
    {
        string[] labels = ["A", "B", "a", "b"];
        Assert.Equal(number, new ClassMatch(labels, "data").NumberOf(name));
    }
}
