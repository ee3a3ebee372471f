using Nvg.Labels;

namespace Nvg.Tests.Labels;

public class ImageNetLabelsTests
{
    [Fact]
    public void Lines_All_AreAThousandInTheOrderOfTheirIdentifiers()
    {
        string?[] identifiers = [.. ImageNetLabels.Lines.Select(line => ClassLabel.Parse(line).Identifier)];
        Assert.Equal(1000, identifiers.Distinct().Count());
        Assert.All(identifiers, identifier => Assert.Matches("^n[0-9]{8}$", identifier));
        Assert.Equal(identifiers.Order(StringComparer.Ordinal), identifiers);
    }

    [SharedFact("data/imagenet_classes.txt")]
    public void Lines_All_AgreeWithAnIndependentList()
    {
        string[][] expected = [.. File.ReadLines(SharedMaterial.Path("data", "imagenet_classes.txt")).Select(line => line.Split('\t'))];
        ClassLabel[] labels = [.. ImageNetLabels.Lines.Select(ClassLabel.Parse)];
        Assert.Equal(
            expected.Select(e => (e[0], e[1], e[2].ToLowerInvariant())), labels.Select(
                (l, i) => ($"{i}", l.Identifier!, l.Name.ToLowerInvariant())));
    }
}
