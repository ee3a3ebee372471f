using Nvg.Data.Packing;
using Nvg.Data.Sources;
using Nvg.Imaging;
using Nvg.Training.Planning.Facts;

namespace Nvg.Training.Tests.Planning;

public sealed class DataSurveyTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Run_OfAFolder_FindsClassesSidesAndContrast()
    {
        Write("cat", 3, 40, 60);
        Write("dog", 2, 90, 80);
        File.WriteAllText(_folder["images/cat/notes.txt"], "no image");
        DataFacts facts = DataSurvey.Run(_folder["images"]);
        Assert.Equal([("cat", 3), ("dog", 2)], facts.Classes.Select(c => (c.Name, c.Count)));
        Assert.Equal((40, 40, "images"), (facts.SmallestSide, facts.MedianSide, facts.Source));
        // Halves of 0 and 255.
        Assert.Equal(0.5, facts.Contrast, 0.02);
        Assert.Null(facts.PreparedSide);
        Assert.Equal(1, facts.UnusableFiles);
        Assert.StartsWith("cat/notes.txt: is not a readable image", facts.FirstUnusableFile, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_OfFilesThatAreNoImages_CountsOnlyTheOthers()
    {
        Write("cat", 3, 40, 60);
        File.WriteAllText(_folder["images/cat/!.png"], "P6\n8 8\n255\n");
        Directory.CreateDirectory(_folder["images/empty"]);
        File.WriteAllText(_folder["images/empty/a.png"], "text");
        DataFacts facts = DataSurvey.Run(_folder["images"]);
        Assert.Equal([("cat", 3)], facts.Classes.Select(c => (c.Name, c.Count)));
        Assert.Equal(2, facts.UnusableFiles);
        Assert.StartsWith("cat/!.png: is in PPM format", facts.FirstUnusableFile, StringComparison.Ordinal);
        foreach (string path in Directory.GetFiles(_folder["images/cat"]).Where(path => Path.GetFileName(path) != "!.png"))
            File.WriteAllText(path, "text");
        string message = Assert.Throws<NvgDataException>(() => DataSurvey.Run(_folder["images"])).Message;
        Assert.Contains("none of 5 files is a usable image; the first, cat/!.png: is in PPM format", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_OfAPreparedDataSet_KeepsItsSide()
    {
        Write("cat", 3, 40, 40);
        await Preparation.RunAsync(ImageSource.Open(_folder["images"]), _folder["data"], new PreparationOptions { Size = 32 });
        DataFacts facts = DataSurvey.Run(_folder["data"]);
        Assert.Equal((32, 3), (facts.PreparedSide, facts.Images));
        Assert.Throws<NvgDataException>(() => DataSurvey.Run(_folder["data"], "train"));
    }

    [Fact]
    public void Run_OfSplits_SaysWhichSubsetToGive()
    {
        Write("train/cat", 2, 40, 40);
        Write("test/cat", 2, 40, 40);
        NvgDataException error = Assert.Throws<NvgDataException>(() => DataSurvey.Run(_folder["images"]));
        Assert.Contains("--subset train", error.Message, StringComparison.Ordinal);
        Assert.Equal(2, DataSurvey.Run(_folder["images"], "train").Images);
    }

    [Fact]
    public void Part_HeldOutAndOthers_AreTheWholeWithoutOverlap()
    {
        Write("cat", 25, 40, 40);
        Write("dog", 15, 40, 40);
        var whole = ImageSource.Open(_folder["images"]);
        string[] heldOut = [.. whole.Part(10, heldOut: true, ignoresClasses: false).Entries().Select(e => e.Name)];
        string[] others = [.. whole.Part(10, heldOut: false, ignoresClasses: false).Entries().Select(e => e.Name)];
        Assert.Equal(4, heldOut.Length);
        Assert.Equal(whole.Entries().Select(e => e.Name).Order(), heldOut.Concat(others).Order());
        Assert.Equal(2, heldOut.Select(name => name.Split('/')[0]).Distinct().Count());
        Assert.All(whole.Part(0, heldOut: false, ignoresClasses: true).Entries(), e => Assert.Equal(ImageSource.FlatClass, e.ClassName));
    }

    private void Write(string folder, int count, int width, int height)
    {
        string path = _folder[$"images/{folder}"];
        Directory.CreateDirectory(path);
        for (int i = 0; i < count; i++)
        {
            var image = new RgbImage(width, height);
            image.Pixels.AsSpan(image.Pixels.Length / 2).Fill(255);
            image.Save(Path.Combine(path, $"{i}.png"));
        }
    }
}
