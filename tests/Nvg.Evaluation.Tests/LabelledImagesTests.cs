using System.IO.Compression;
using Nvg.Data.Datasets;
using Nvg.Evaluation.Classes;
using Nvg.Imaging;
using Nvg.Imaging.Npz;
using Nvg.Torch.Files.Npy;

namespace Nvg.Evaluation.Tests;

public sealed class LabelledImagesTests : IDisposable
{
    private static readonly string[] Classes = ["waves", "cat", "stripes"];

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Read_FolderAndDataSet_GiveTheNumbersOfTheGivenNames()
    {
        Tiny.Prepare(_folder["images"], _folder["data"], perClass: 2);
        LabelledImage[] folder = [.. LabelledImages.Read(_folder["images"], Classes)], data = [
            .. LabelledImages.Read(_folder["data"], Classes)];
        Assert.Equal([2, 2, 0, 0], folder.Select(p => p.Label));
        Assert.Equal([2, 2, 0, 0], data.Select(p => p.Label));
        Assert.All(folder.Zip(data), pair => Assert.Equal(pair.First.Image.Pixels, pair.Second.Image.Pixels));
        Assert.Equal([2, 0], LabelledImages.Read(_folder["data"], Classes, limit: 2).Select(p => p.Label));
        Assert.Equal(LabelledImages.Read(_folder["data"], Classes).Count(), LabelledImages.CountOf(_folder["data"]));
        Assert.Equal([2], LabelledImages.Prepared(_folder["data"], Classes, _ => [1]).Select(p => p.Label));
        Assert.Contains("'stripes'", Assert.Throws<NvgDataException>(
            () => LabelledImages.Read(_folder["data"], ["waves"]).ToList()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_ImagesInNoFolder_HaveNoClass()
    {
        ImageFile.Write(_folder["1.png"], Images.Gradient(4, 4));
        Assert.Null(Assert.Single(LabelledImages.Read(_folder.Root, Classes)).Label);
    }

    [Theory]
    [InlineData("arr_1", new[] { 1, 2 }, null)]
    [InlineData("labels", new[] { 1, 2 }, null)]
    [InlineData("arr_1", new[] { 1, 3 }, "label 3")]
    [InlineData("arr_1", new[] { 1 }, "1 labels")]
    [InlineData("arr_1", new[] { 1, 2, 0 }, "3 labels")]
    public void Read_Npz_TakesLabelsThatFit(string name, int[] labels, string? problem)
    {
        using (var writer = new NpzImageWriter(_folder["s.npz"], 2, 4, 4))
        {
            writer.Append(Images.Gradient(4, 4));
            writer.Append(Images.Gradient(4, 4, shade: 9));
            writer.Complete();
        }

        Assert.All(LabelledImages.Read(_folder["s.npz"], Classes), p => Assert.Null(p.Label));
        NpyArray.WriteLabelMaps(_folder["l.npy"], labels, labels.Length);
        using (ZipArchive zip = ZipFile.Open(_folder["s.npz"], ZipArchiveMode.Update))
            zip.CreateEntryFromFile(_folder["l.npy"], name + ".npy");
        if (problem is null)
            Assert.Equal(labels, LabelledImages.Read(_folder["s.npz"], Classes).Select(p => p.Label!.Value));
        else
            Assert.Contains(problem, Assert.Throws<NvgDataException>(
                () => LabelledImages.Read(_folder["s.npz"], Classes).ToList()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_Limit_DecodesOnlyWhatIsChosen()
    {
        int[] chosen = [.. EvenSample.Of(4, 2)];
        Directory.CreateDirectory(_folder["cat"]);
        for (int i = 0; i < 4; i++)
        {
            if (chosen.Contains(i))
                ImageFile.Write(_folder[$"cat/{i}.png"], Images.Gradient(4, 4));
            else
                _folder.Write($"cat/{i}.png", [1, 2, 3]);
        }

        Assert.Equal(chosen.Select(i => $"cat/{i}.png"), LabelledImages.Read(_folder.Root, Classes, limit: 2).Select(p => p.Name));
        Assert.Throws<NvgDataException>(() => LabelledImages.Read(_folder.Root, Classes).ToList());
    }

    [Fact]
    public void Read_NpzWithLimit_SpreadsOverAll()
    {
        using (var writer = new NpzImageWriter(_folder["s.npz"], 7, 4, 4))
        {
            for (byte i = 0; i < 7; i++)
                writer.Append(Images.Gradient(4, 4, shade: i));
            writer.Complete();
        }

        LabelledImage[] all = [.. LabelledImages.Read(_folder["s.npz"], Classes)], three = [
            .. LabelledImages.Read(_folder["s.npz"], Classes, limit: 3)];
        Assert.Equal(7, all.Length);
        Assert.Equal(EvenSample.Of(7, 3).Select(i => all[i].Image.Pixels), three.Select(p => p.Image.Pixels));
        Assert.Equal(7, LabelledImages.Read(_folder["s.npz"], Classes, limit: 9).Count());
    }

    [Theory]
    [InlineData("n02123045")]
    [InlineData("tabby")]
    [InlineData("Tabby Cat")]
    public void Read_LabelsWithIdentifiersAndSynonyms_AreFoundByEach(string folder)
    {
        ImageFile.Write(Path.Combine(Directory.CreateDirectory(_folder[folder]).FullName, "1.png"), Images.Gradient(4, 4));
        string[] lines = ["n01440764\ttench, Tinca tinca", "n02123045\ttabby, tabby cat", "n02012849\tcrane", "n03126707\tcrane"];
        Assert.Equal(1, Assert.Single(LabelledImages.Read(_folder.Root, lines)).Label);
    }

    [Theory]
    [InlineData("crane")]
    [InlineData("1")]
    [InlineData("tench,tabby")]
    public void Read_ClassThatMayBeSeveralOrNone_IsRefused(string folder)
    {
        ImageFile.Write(Path.Combine(Directory.CreateDirectory(_folder[folder]).FullName, "1.png"), Images.Gradient(4, 4));
        string[] lines = ["n01440764\ttench, Tinca tinca", "n02123045\ttabby, tabby cat", "n02012849\tcrane", "n03126707\tcrane"];
        Assert.Contains($"'{folder}'", Assert.Throws<NvgDataException>(
            () => LabelledImages.Read(_folder.Root, lines).ToList()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_NothingOfTheKind_IsRefused()
    {
        Assert.Throws<NvgDataException>(() => LabelledImages.Read(_folder["missing"], Classes));
        Assert.Throws<NvgDataException>(() => LabelledImages.Read(_folder.Root, Classes).ToList());
    }

    public void Dispose() => _folder.Dispose();
}
