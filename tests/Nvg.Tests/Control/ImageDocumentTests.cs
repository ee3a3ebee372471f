using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Nvg.Conditioning;
using Nvg.Control;
using Nvg.Documents;
using Nvg.Imaging;
using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;

namespace Nvg.Tests.Control;

public sealed class ImageDocumentTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly NvgModel _model = TinyModels.Random();

    [Fact]
    public void Read_WhatWasWritten_IsTheSame()
    {
        ImageDocument document = Document();
        document.Write(_folder["a.nvg"]);
        ImageDocument read = ImageDocument.Read(_folder["a.nvg"]);
        Assert.Equal(document.Image.Pixels, read.Image.Pixels);
        Assert.True(document.Sequence.SequenceEqual(read.Sequence));
        Assert.True(document.Given.SequenceEqual(read.Given));
        Assert.Equal(document.Description, read.Description);
        Assert.Equal(document.Surroundings!.Image.Pixels, read.Surroundings!.Image.Pixels);
        Assert.Equal(document.Surroundings.Region.Inside, read.Surroundings.Region.Inside);
    }

    [Fact]
    public void Continue_FromAnyStage_GivesTheSameImageBitByBit()
    {
        ImageDocument document = Document();
        document.Write(_folder["a.nvg"]);
        ImageDocument read = ImageDocument.Read(_folder["a.nvg"]);
        for (int stages = 0; stages <= 5; stages++)
        {
            GeneratedImage again = Assert.Single(_model.Generate(new GenerationRequest { Images = [read.Continue(stages, stages)] }));
            Assert.Equal(document.Image.Pixels, again.Image.Pixels);
            Assert.True(document.Sequence.SequenceEqual(again.Sequence));
        }

        // Another seed keeps what is kept and changes the rest.
        GeneratedImage other = Assert.Single(_model.Generate(new GenerationRequest { Images = [read.Continue(3, 3) with { Seed = 99 }] }));
        Assert.True(document.Sequence.Keep(3, 3).SequenceEqual(other.Sequence.Keep(3, 3)));
        Assert.False(document.Sequence.SequenceEqual(other.Sequence));
    }

    [Fact]
    public void Read_AnyCutOrFlippedByte_IsRefusedInOneLineOrRead()
    {
        Document().Write(_folder["whole.nvg"]);
        byte[] whole = File.ReadAllBytes(_folder["whole.nvg"]);
        var random = new Random(1);
        int refused = 0;
        for (int trial = 0; trial < 300; trial++)
        {
            byte[] damaged = trial % 3 == 0 ? whole[..random.Next(whole.Length)] : [.. whole];
            if (trial % 3 > 0)
                damaged[random.Next(trial % 3 == 1 ? 1500 : damaged.Length)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(_folder["damaged.nvg"], damaged);
            try
            {
                ImageDocument.Read(_folder["damaged.nvg"]);
            }
            catch (NvgDataException error)
            {
                refused++;
                Assert.Contains("damaged.nvg", error.Message, StringComparison.Ordinal);
                Assert.DoesNotContain("\n", error.Message, StringComparison.Ordinal);
            }
        }

        // Every third is cut, the others have a flipped bit: the checksum tells them all.
        Assert.Equal(300, refused);
    }

    [Fact]
    public void Read_FlippedBitInTokensMapsOrPixels_NamesTheFileAndTheChecksum()
    {
        Document().Write(_folder["whole.nvg"]);
        byte[] whole = File.ReadAllBytes(_folder["whole.nvg"]);
        int data = 8 + BitConverter.ToInt32(whole);
        var random = new Random(2);
        for (int trial = 0; trial < 100; trial++)
        {
            byte[] damaged = [.. whole];
            damaged[random.Next(data, whole.Length)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(_folder["damaged.nvg"], damaged);
            string message = Assert.Throws<NvgDataException>(() => ImageDocument.Read(_folder["damaged.nvg"])).Message;
            Assert.StartsWith(
                $"{_folder["damaged.nvg"]}: is damaged: what it holds does not have the checksum", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Write_Checksum_IsTheOneThatItsWordsDescribe()
    {
        Document().Write(_folder["a.nvg"]);
        byte[] file = File.ReadAllBytes(_folder["a.nvg"]);
        int data = 8 + BitConverter.ToInt32(file);
        using JsonDocument header = JsonDocument.Parse(file.AsMemory(8, data - 8));
        JsonElement metadata = header.RootElement.GetProperty("__metadata__");
        var text = new MemoryStream();
        text.Write(Encoding.UTF8.GetBytes(metadata.GetProperty("nvg.image").GetString()!));
        foreach (JsonProperty tensor in header.RootElement.EnumerateObject().Where(p => p.Name != "__metadata__").OrderBy(
            p => p.Name, StringComparer.Ordinal))
        {
            string sizes = string.Join(' ', tensor.Value.GetProperty("shape").EnumerateArray());
            text.Write(Encoding.UTF8.GetBytes($"{tensor.Name} {tensor.Value.GetProperty("dtype").GetString()} {sizes}\n"));
            (int from, int to) = (
                tensor.Value.GetProperty("data_offsets")[0].GetInt32(), tensor.Value.GetProperty("data_offsets")[1].GetInt32());
            text.Write(file, data + from, to - from);
        }

        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(text.ToArray())), metadata.GetProperty("nvg.sha256").GetString());
    }

    [Fact]
    public void Read_WithoutChecksum_IsReadInTheFirstFormatAndRefusedInLater()
    {
        ImageDocument document = Document();
        document.Write(_folder["a.nvg"]);
        string InFirstFormat(string text) => text
            .Replace($"\"format\": {ImageDescription.CurrentFormat}", "\"format\": 1", StringComparison.Ordinal)
            .Replace("\"interpolation\":", "\"towards\":", StringComparison.Ordinal);
        Rewrite("first.nvg", InFirstFormat, formerNames: true);
        Assert.Equal(document.Description.Interpolation, ImageDocument.Read(_folder["first.nvg"]).Description.Interpolation);
        Assert.True(document.Sequence.SequenceEqual(ImageDocument.Read(_folder["first.nvg"]).Sequence));
        Rewrite("later.nvg", text => text);
        Assert.Contains(
            "checksum is missing", Assert.Throws<NvgDataException>(() => ImageDocument.Read(_folder["later.nvg"])).Message,
            StringComparison.Ordinal);
        // Damaged JSON is told of in our words.
        Rewrite("broken.nvg", text => text[..1] + "#" + text[1..]);
        string message = Assert.Throws<NvgDataException>(() => ImageDocument.Read(_folder["broken.nvg"])).Message;
        Assert.Matches(@"broken\.nvg: its description cannot be used: invalid JSON at line \d+, byte \d+$", message);
    }

    [Fact]
    public void Read_OtherFiles_AreRefused()
    {
        void Refused(string file, string words) =>
            Assert.Contains(
                words, Assert.Throws<NvgDataException>(() => ImageDocument.Read(_folder[file])).Message, StringComparison.Ordinal);

        Refused("nowhere.nvg", "does not exist");
        File.WriteAllText(_folder["text.nvg"], "an image, they said");
        Refused("text.nvg", "text.nvg");
        using (Tensor tensor = Tensor.Zeros([2]))
            SafetensorsFile.Write(_folder["other.nvg"], [KeyValuePair.Create("x", tensor)]);
        Refused("other.nvg", "is not a generated image");
        ImageDocument document = Document();
        (document with { Description = document.Description with { Format = 7 } }).Write(_folder["later.nvg"]);
        Refused("later.nvg", "format 7");
        (document with { Description = document.Description with { LatentHeight = 3 } }).Write(_folder["odd.nvg"]);
        Refused("odd.nvg", "odd.nvg");
        (document with { Description = document.Description with { CodebookSize = 1 } }).Write(_folder["codes.nvg"]);
        Refused("codes.nvg", "codebook");
    }

    [Fact]
    public void RequireModel_Another_IsRefused() =>
        Assert.Contains(
            "a different model", Assert.Throws<NvgDataException>(() => Document().RequireModel("a.nvg", _model, "0123")).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Read_DescriptionOutOfRange_IsRefused()
    {
        ImageDocument document = Document();
        ImageDescription fine = document.Description;
        ImageDescription[] wrong =
            [fine with { Dtype = ScalarType.Int64 }, fine with { Batch = 0 }, fine with { Interpolation = new Interpolation(1, null, 7) }];
        foreach (ImageDescription bad in wrong)
        {
            (document with { Description = bad }).Write(_folder["bad.nvg"]);
            Assert.Contains(
                "invalid precision, batch size or interpolation share", Assert.Throws<NvgDataException>(
                    () => ImageDocument.Read(_folder["bad.nvg"])).Message,
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public void RequireModel_SizesOfAnotherUnderItsFingerprint_AreRefused()
    {
        ImageDocument document = Document();
        ImageDescription fine = document.Description;
        document.RequireModel("a.nvg", _model, fine.Fingerprint);
        ImageDescription[] others =
        [
            fine with { CodebookSize = fine.CodebookSize + 1 }, fine with { Class = 99 },
            fine with { Interpolation = new Interpolation(-1, null, 0) },
        ];
        foreach (ImageDescription bad in others)
            Assert.Throws<NvgDataException>(() => (document with { Description = bad }).RequireModel("a.nvg", _model, fine.Fingerprint));
        Assert.Throws<NvgDataException>(
            () => (document with { Image = new RgbImage(3, 3) }).RequireModel("a.nvg", _model, fine.Fingerprint));
    }

    public void Dispose()
    {
        _folder.Dispose();
        _model.Dispose();
    }

    // Everything in it that a document can hold: a region, structure that was given, a way to another seed.
    private ImageDocument Document()
    {
        GeneratedImage first = Generate(new ImageRequest(1, 5));
        RegionMask region = RegionMask.FromPositions(_model.Generator.Config.Grid, [.. Enumerable.Range(0, 16).Select(l => l % 4 > 1)]);
        GeneratedImage image = Generate(new ImageRequest(2, 6)
        {
            Given = region.Keep(first.Sequence, 2, 1),
            Surroundings = new KeptSurroundings(region, first.Image),
            Interpolation = new Interpolation(0, 9, 0.25),
            Options = _model.Config.Sampling with { Temperature = 0.9 },
        });
        return ImageDocument.Of(_model, "abc", image);
    }

    private GeneratedImage Generate(ImageRequest image) => _model.Generate(new GenerationRequest { Images = [image] }).Single();

    // The same document with another description and no checksum.
    private void Rewrite(string name, Func<string, string> edit, bool formerNames = false)
    {
        using SafetensorsFile file = SafetensorsFile.Open(_folder["a.nvg"]);
        string NameOf(string tensor) => formerNames && tensor == "image" ? "picture" : tensor;
        var metadata = new Dictionary<string, string> { [formerNames ? "nvg.picture" : "nvg.image"] = edit(file.Metadata["nvg.image"]) };
        SafetensorsFile.Write(_folder[name], file.ToDictionary(t => NameOf(t.Key), t => t.Value), metadata);
    }
}
