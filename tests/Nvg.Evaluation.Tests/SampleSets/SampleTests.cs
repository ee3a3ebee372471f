using Nvg.Evaluation.SampleSets;
using Nvg.Imaging;
using Nvg.Imaging.Npz;
using Nvg.Sampling;

namespace Nvg.Evaluation.Tests.SampleSets;

/// <summary>Order, files, parts, and what is refused; with images made up from class and seed.</summary>
public class SampleTests
{
    private const int Side = 4;

    private static readonly SampleSettings Settings = new SampleSettings
    {
        Model = "tiny",
        Fingerprint = "abc",
        Classes = [2, 0, 5],
        PerClass = 7,
        Seed = 40,
        Sampling = new SamplingOptions(),
        Batch = 4,
        ImageSize = Side,
    }.ToWhole();

    [Fact]
    public void Image_Order_GoesRoundTheClasses()
    {
        Assert.Equal([2, 0, 5, 2, 0, 5], Enumerable.Range(0, 6).Select(i => Settings.ClassOf(i)));
        Assert.Equal([2_000_040UL, 40, 5_000_040, 2_000_041, 41, 5_000_041], Enumerable.Range(0, 6).Select(i => Settings.Image(i).Seed));
        Assert.Equal(Settings.Total, Enumerable.Range(0, Settings.Total).Select(i => Settings.Image(i)).Distinct().Count());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(6)]
    [InlineData(9)]
    public void Part_AllOfThem_CoverTheWholeInWholeBatches(int shards)
    {
        SampleSettings[] parts = [.. Enumerable.Range(0, shards).Select(i => Settings.Part(i, shards))];
        Assert.Equal(Enumerable.Range(0, Settings.Total), parts.SelectMany(part => Enumerable.Range(part.First, part.Count)));
        Assert.All(parts.Where(part => part.Count > 0), part => Assert.Equal(0, part.First % Settings.Batch));
        Assert.InRange(parts.Max(part => part.Count) - parts.Min(part => part.Count), 0, 2 * Settings.Batch - 1);
    }

    [Fact]
    public void Complete_File_HoldsImagesClassesAndSettings()
    {
        using var folder = new TemporaryFolder();
        Draw(folder["a.npz"], Settings);
        using NpzFile file = NpzFile.Open(folder["a.npz"]);
        Assert.Equal(["arr_0", "arr_1", "settings"], file.Names);
        Assert.Equal([21, Side, Side, 3], file.Read("arr_0").Shape);
        Assert.Equal(Enumerable.Range(0, 21).Select(i => Made(i).Pixels), file.Images().Select(image => image.Pixels));
        Assert.Equal(Enumerable.Range(0, 21).Select(i => (double)Settings.ClassOf(i)), file.Read("arr_1").ToDoubles());
        Assert.Equal([folder["a.npz"]], Directory.GetFileSystemEntries(folder.Root));
        Assert.True(SampleArchive.IsComplete(folder["a.npz"], Settings));
        using SampleArchive archive = SampleArchive.Open(folder["a.npz"]);
        Assert.Null(archive.Settings.DifferenceFrom(Settings, withPart: true));
    }

    // Every length that a killed run can leave: the file cut anywhere, and what says that batches are there as well.
    [Fact]
    public void Open_CutAnywhere_EndsWithTheBytesOfOneRun()
    {
        using var folder = new TemporaryFolder();
        Draw(folder["whole.npz"], Settings);
        byte[] expected = File.ReadAllBytes(folder["whole.npz"]);
        for (int batches = 0; batches <= 6; batches++)
        {
            foreach (int excess in new[] { 0, 1, 47, 48, 100, 192, 500 })
            {
                string path = folder[$"{batches}-{excess}.npz"];
                Draw(path, Settings, batches);
                using (FileStream file = File.Open(Path.Combine(SampleFile.PartialFolder(path), "samples.npz"), FileMode.Append))
                    file.Write(Enumerable.Repeat((byte)77, excess).ToArray());
                using (FileStream checksums = File.Open(Path.Combine(SampleFile.PartialFolder(path), "checksums"), FileMode.Append))
                    checksums.Write(new byte[excess % 4]);
                Draw(path, Settings);
                Assert.Equal(expected, File.ReadAllBytes(path));
            }
        }
    }

    [Fact]
    public void Open_KilledBeforeOrAfterAnything_StartsOrEnds()
    {
        using var folder = new TemporaryFolder();
        Draw(folder["whole.npz"], Settings);
        string partial = SampleFile.PartialFolder(folder["a.npz"]);
        Directory.CreateDirectory(partial);
        File.WriteAllBytes(Path.Combine(partial, "samples.npz"), [1, 2, 3]);
        Assert.False(SampleFile.IsBegun(folder["a.npz"]));
        Draw(folder["a.npz"], Settings);
        Assert.Equal(File.ReadAllBytes(folder["whole.npz"]), File.ReadAllBytes(folder["a.npz"]));
        Draw(folder["b.npz"], Settings, batches: 6);
        // The directory was written, the file not yet renamed.
        byte[] ended = [.. File.ReadAllBytes(folder["whole.npz"])];
        File.WriteAllBytes(Path.Combine(SampleFile.PartialFolder(folder["b.npz"]), "samples.npz"), ended);
        Draw(folder["b.npz"], Settings);
        Assert.Equal(ended, File.ReadAllBytes(folder["b.npz"]));
    }

    [Fact]
    public void Open_OtherSettings_IsRefusedNamingThem()
    {
        using var folder = new TemporaryFolder();
        Draw(folder["a.npz"], Settings, batches: 2);
        AssertRefused(Settings with { Fingerprint = "def" }, "fingerprint \"def\" instead of \"abc\"");
        AssertRefused(Settings with { Seed = 41 }, "seed 41 instead of 40");
        AssertRefused((Settings with { PerClass = 8 }).ToWhole(), "this run has perClass 8 instead of 7;");
        AssertRefused(Settings with { Sampling = new SamplingOptions { TopK = 3 } }, "sampling");
        AssertRefused(Settings.Part(0, 2), "count 12 instead of 21");
        Draw(folder["a.npz"], Settings);
        Assert.Contains("has other samples: this run has batch 5 instead of 4",
            Assert.Throws<NvgDataException>(
                () => SampleArchive.IsComplete(folder["a.npz"], Settings with { Batch = 5 })).Message, StringComparison.Ordinal);

        void AssertRefused(SampleSettings other, string expected) => Assert.Contains(
            expected, Assert.Throws<NvgDataException>(() => SampleFile.Open(folder["a.npz"], other)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("samples.npz", 0.5, "images 8 to 11")]
    [InlineData("checksums", 0.0, "images 0 to 3")]
    [InlineData("checksums", 1.0, "images 16 to 19")]
    public void Open_OneByteChanged_IsRefused(string file, double place, string expected)
    {
        using var folder = new TemporaryFolder();
        Draw(folder["a.npz"], Settings, batches: 5);
        string path = Path.Combine(SampleFile.PartialFolder(folder["a.npz"]), file);
        byte[] bytes = File.ReadAllBytes(path);
        bytes[(int)(place * (bytes.Length - 1))] ^= 1;
        File.WriteAllBytes(path, bytes);
        Assert.Contains(
            expected, Assert.Throws<NvgDataException>(() => SampleFile.Open(folder["a.npz"], Settings)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_ShorterThanItsChecksumsSay_IsRefused()
    {
        using var folder = new TemporaryFolder();
        Draw(folder["a.npz"], Settings, batches: 5);
        using (FileStream file = File.OpenWrite(Path.Combine(SampleFile.PartialFolder(folder["a.npz"]), "samples.npz")))
            file.SetLength(file.Length - 1);
        Assert.Contains("is damaged", Assert.Throws<NvgDataException>(
            () => SampleFile.Open(folder["a.npz"], Settings)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_Twice_NamesTheOtherProcess()
    {
        using var folder = new TemporaryFolder();
        using SampleFile first = SampleFile.Open(folder["a.npz"], Settings);
        Assert.Contains("another process is writing", Assert.Throws<IOException>(
            () => SampleFile.Open(folder["a.npz"], Settings)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_MoreThanTheDiskHolds_IsRefusedBeforeTheWork()
    {
        using var folder = new TemporaryFolder();
        SampleSettings huge = (
            Settings with { PerClass = 1_000_000, Classes = [.. Enumerable.Range(0, 2000)], ImageSize = 4096 }).ToWhole();
        Assert.Contains("MB more are needed", Assert.Throws<IOException>(
            () => SampleFile.Open(folder["a.npz"], huge)).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Root));
    }

    [Fact]
    public void Append_OtherBatches_IsRefused()
    {
        using var folder = new TemporaryFolder();
        using SampleFile file = SampleFile.Open(folder["a.npz"], Settings);
        Assert.Throws<ArgumentException>(() => file.Append([Made(0)]));
        Assert.Throws<ArgumentException>(() => file.Append([.. Enumerable.Range(0, 4).Select(_ => new RgbImage(Side, Side + 1))]));
        Assert.Throws<InvalidOperationException>(file.Complete);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(6)]
    public void Merge_AllParts_AreTheBytesOfOneRun(int shards)
    {
        using var folder = new TemporaryFolder();
        Draw(folder["whole.npz"], Settings);
        string[] parts = [.. Enumerable.Range(0, shards).Select(i => folder[$"{i}.npz"])];
        for (int i = 0; i < shards; i++)
            Draw(parts[i], Settings.Part(i, shards));
        var shares = new List<double>();
        SampleMerge.Run([.. parts.Reverse()], folder["merged.npz"], new Collected(shares));
        Assert.Equal(File.ReadAllBytes(folder["whole.npz"]), File.ReadAllBytes(folder["merged.npz"]));
        Assert.Equal(1, shares[^1]);
    }

    [Fact]
    public void Merge_WrongParts_AreRefusedAndNothingIsWritten()
    {
        using var folder = new TemporaryFolder();
        for (int i = 0; i < 3; i++)
            Draw(folder[$"{i}.npz"], Settings.Part(i, 3));
        Draw(folder["half.npz"], Settings.Part(0, 2));
        Draw(folder["other.npz"], (Settings with { Seed = 1 }).Part(1, 3));
        AssertRefused("images 8 to 15 are missing", "0", "2");
        AssertRefused("images 16 to 20 are missing", "0", "1");
        AssertRefused("images 0 to 7 are missing", "1", "2");
        AssertRefused("has image 8, which", "half", "1", "2");
        AssertRefused("has image 0, which", "0", "0", "1", "2");
        AssertRefused("belongs to another run than", "0", "other", "2");
        AssertRefused("does not exist|cannot be read", "0", "none", "2");
        byte[] bytes = File.ReadAllBytes(folder["1.npz"]);
        bytes[300] ^= 1;
        File.WriteAllBytes(folder["damaged.npz"], bytes);
        AssertRefused("do not match their checksum", "0", "damaged", "2");
        File.WriteAllBytes(folder["damaged.npz"], bytes[..^40]);
        AssertRefused("cannot be read", "0", "damaged", "2");
        using (var plain = new NpzImageWriter(folder["plain.npz"], 0, Side, Side))
            plain.Complete();
        AssertRefused("has no settings", "0", "plain", "2");
        Assert.DoesNotContain(Directory.GetFileSystemEntries(folder.Root), entry => entry.Contains("merged", StringComparison.Ordinal));

        void AssertRefused(string expected, params string[] names) => Assert.Matches(
            expected, Assert.Throws<NvgDataException>(
                () => SampleMerge.Run([.. names.Select(name => folder[name + ".npz"])], folder["merged.npz"])).Message);
    }

    private static void Draw(string path, SampleSettings settings, int batches = int.MaxValue)
    {
        using SampleFile file = SampleFile.Open(path, settings);
        for (int batch = file.Done / settings.Batch; batch < batches && file.Done < settings.Count; batch++)
            file.Append(
                [.. Enumerable.Range(settings.First + file.Done, Math.Min(settings.Batch, settings.Count - file.Done)).Select(Made)]);
        if (batches == int.MaxValue)
            file.Complete();
    }

    // Noise, so that nothing passes by having the same images everywhere.
    private static RgbImage Made(int index)
    {
        var image = new RgbImage(Side, Side);
        new Random((int)Settings.Image(index).Seed).NextBytes(image.Pixels);
        return image;
    }

    private sealed class Collected(List<double> values) : IProgress<double>
    {
        public void Report(double value) => values.Add(value);
    }
}
