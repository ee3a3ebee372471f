using System.Text.Json;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Nvg.Documents;
using Nvg.Imaging;
using Nvg.Labels;

namespace Nvg.Extensions.AI.Tests;

public sealed class NvgImageGeneratorTests(TinyModelFolder tiny) : IClassFixture<TinyModelFolder>, IDisposable
{
    private readonly NvgImageGenerator _generator = new(tiny.Model);

    public void Dispose() => _generator.Dispose();

    [Theory]
    [InlineData("ship", "ship")]
    [InlineData("a photo of a boat at dawn", "ship")]
    [InlineData("A SEA LION!", "sea lion")]
    [InlineData("1", "lion")]
    public async Task Generate_OfAPrompt_FindsTheOneClassThatItNames(string prompt, string label)
    {
        ImageGenerationResponse answer = await _generator.GenerateImagesAsync(prompt);
        DataContent content = Assert.IsType<DataContent>(Assert.Single(answer.Contents));
        Assert.Equal(label, content.AdditionalProperties!["class"]);
        Assert.Equal("image/png", content.MediaType);
        Assert.Equal(31, answer.Usage!.OutputTokenCount);
    }

    [Theory]
    [InlineData("shpi", "ship")]
    [InlineData("a ship beside a lion", null)]
    [InlineData("", null)]
    public async Task Generate_OfAPromptWithoutOneClass_SaysWhy(string prompt, string? meant)
    {
        var error = await Assert.ThrowsAsync<ClassNameException>(() => _generator.GenerateImagesAsync(prompt));
        Assert.Equal(meant, error.Suggestions.Count > 0 ? error.Suggestions[0] : null);
    }

    public static TheoryData<object> Sevens() =>
        [7, 7L, 7UL, "7", JsonSerializer.SerializeToElement(7), JsonSerializer.SerializeToElement("7")];

    [Theory]
    [MemberData(nameof(Sevens))]
    public async Task Generate_WithASeedOfAnyType_IsTheImageOfTheLibrary(object seed)
    {
        ImageGenerationResponse answer = await _generator.GenerateImagesAsync("ship", With(("seed", seed)));
        GeneratedImage expected = await tiny.Model.GenerateAsync("ship", seed: 7);
        Assert.Equal(ImageFile.Encode(expected.Image, ImageFormat.Png), ((DataContent)answer.Contents[0]).Data.ToArray());
        Assert.Equal(expected.Image.Pixels, ((IReadOnlyList<GeneratedImage>)answer.RawRepresentation!)[0].Image.Pixels);
    }

    [Fact]
    public async Task Generate_OfSeveralInAFormat_NumbersTheirSeeds()
    {
        ImageGenerationOptions options = With(("seed", 3), ("temperature", 0.7), ("structure_steps", "auto"));
        (options.Count, options.MediaType) = (2, "image/webp");
        ImageGenerationResponse answer = await _generator.GenerateImagesAsync("lion", options);
        Assert.Equal([3UL, 4UL], answer.Contents.Select(c => c.AdditionalProperties!["seed"]));
        Assert.All(answer.Contents.Cast<DataContent>(), c => Assert.Equal("image/webp", c.MediaType));
        Assert.All((IReadOnlyList<GeneratedImage>)answer.RawRepresentation!, i => Assert.Equal(0.7, i.Options.Temperature));
    }

    [Theory]
    [InlineData("seed", "many")]
    [InlineData("seed", -1)]
    [InlineData("temperature", "hot")]
    [InlineData("top_p", 2.0)]
    [InlineData("guidance", 13.0)]
    [InlineData("structure_steps", "some")]
    [InlineData("keep_stages", 2)]
    [InlineData("nvg.unknown", 1)]
    public async Task Generate_WithAWrongProperty_IsRefused(string name, object value) =>
        await Assert.ThrowsAsync<ArgumentException>(() => _generator.GenerateImagesAsync("ship", With((name, value))));

    [Fact]
    public async Task Generate_WithPropertiesOfOthers_IgnoresThem() =>
        Assert.Single((await _generator.GenerateImagesAsync("ship", With(("negative_prompt", "blur")))).Contents);

    [Fact]
    public async Task Edit_WithAMask_KeepsWhatIsOutside()
    {
        RgbImage photograph = Images.Gradient(8, 8);
        var mask = new RgbImage(8, 8);
        for (int y = 0; y < 8; y++)
            mask.Row(y)[..6].Fill(255);
        ImageGenerationResponse answer = await _generator.GenerateAsync(new ImageGenerationRequest(
            "lion", [Data(photograph, "photo.png"), Data(mask, "mask.png")]), With(("seed", 1)));
        RgbImage edited = ImageFile.Decode(((DataContent)answer.Contents[0]).Data, "edited");
        for (int y = 0; y < 8; y++)
            Assert.Equal(photograph.Row(y)[12..].ToArray(), edited.Row(y)[12..].ToArray());
    }

    [Fact]
    public async Task Edit_OfADocument_KeepsItsStages()
    {
        GeneratedImage ship = await tiny.Model.GenerateAsync("ship", seed: 2);
        byte[] document = ImageDocument.Of(tiny.Model, tiny.Model.Fingerprint(), ship).ToBytes();
        ImageGenerationResponse answer = await _generator.GenerateAsync(
            new ImageGenerationRequest("lion", [new DataContent(document, "application/vnd.nvg")]),
                With(("keep", "both"), ("keep_stages", 2)));
        GeneratedImage lion = ((IReadOnlyList<GeneratedImage>)answer.RawRepresentation!)[0];
        Assert.Equal(ship.Sequence.Labels(1).ToArray(), lion.Sequence.Labels(1).ToArray());
        Assert.Equal(ship.Sequence.Tokens(1).ToArray(), lion.Sequence.Tokens(1).ToArray());
    }

    [Fact]
    public async Task Generate_WithLabels_FollowsThem()
    {
        StructureMap expected = tiny.Model.Structure.FromLabels([0, 1, 0, 1], 2, 2);
        var labels = new RgbImage(2, 2, [0, 0, 0, 9, 9, 9, 0, 0, 0, 9, 9, 9]);
        ImageGenerationResponse answer = await _generator.GenerateAsync(new ImageGenerationRequest("lion", [Data(labels, "labels.png")]));
        GeneratedImage image = ((IReadOnlyList<GeneratedImage>)answer.RawRepresentation!)[0];
        Assert.Equal(expected.Stages[1].Used, image.Sequence.Labels(1).ToArray());
    }

    [Theory]
    [InlineData("structure", "photo.png", "structure.png")]
    [InlineData("content", "photo.png", "structure.png", "mask.png")]
    public async Task Generate_WithStructureBesideThatOfTheReference_IsRefused(string keep, params string[] names)
    {
        var request = new ImageGenerationRequest("lion", names.Select(name => Data(Images.Gradient(8, 8), name)));
        var error = await Assert.ThrowsAsync<ArgumentException>(() => _generator.GenerateAsync(request, With(("keep", keep))));
        Assert.Contains("a given structure replaces the reference's", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_WithARawRequest_TakesItAsItIs()
    {
        var options = new ImageGenerationOptions { RawRepresentationFactory = _ => new ImageRequest("sea lion", 9) };
        ImageGenerationResponse answer = await _generator.GenerateImagesAsync("anything", options);
        Assert.Equal(9UL, answer.Contents[0].AdditionalProperties!["seed"]);
    }

    [Fact]
    public async Task Stream_ThroughMiddleware_ShowsEveryStage()
    {
        IImageGenerator wrapped = _generator.AsBuilder().ConfigureOptions(o => o.AdditionalProperties = new() { ["seed"] = 5 }).Build();
        var updates = new List<NvgImageUpdate>();
        await foreach (NvgImageUpdate update in wrapped.GetRequiredService<NvgImageGenerator>()
            .GenerateStreamingAsync(new ImageGenerationRequest("ship"), With(("seed", 5))))
            updates.Add(update);
        Assert.Equal([0, 1, 2, 3, 4, null], updates.Select(u => u.Stage));
        Assert.Equal(1, updates[^1].Share);
        Assert.All(updates, u => Assert.Equal(8, ImageFile.Decode(((DataContent)u.Contents[0]).Data, "stage").Width));
        int[] map = [.. ((StageCompleted)updates[2].RawRepresentation).Structures[0]];
        Assert.All(map.GroupBy(l => l), cluster => Assert.Equal(4, cluster.Count()));
    }

    [Fact]
    public async Task Generate_Cancelled_Stops() =>
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => _generator.GenerateImagesAsync("ship", cancellationToken: new CancellationToken(true)));

    [Fact]
    public async Task Services_WithAModelFolder_GiveAGeneratorAndKeyedOnes()
    {
        var services = new ServiceCollection();
        services.AddNvgImageGenerator(tiny.Folder);
        services.AddKeyedNvgImageGenerator("second", tiny.Folder, o => o.ClassOfPrompt = (_, _) => "lion");
        await using ServiceProvider provider = services.BuildServiceProvider();
        IImageGenerator first = provider.GetRequiredService<IImageGenerator>(),
            second = provider.GetRequiredKeyedService<IImageGenerator>("second");
        Assert.Equal("lion", (await second.GenerateImagesAsync("ship")).Contents[0].AdditionalProperties!["class"]);
        Assert.Equal("tiny", first.GetRequiredService<ImageGeneratorMetadata>().DefaultModelId);
        // What is borrowed outlives its middleware.
        first.Dispose();
        Assert.Single((await first.GenerateImagesAsync("ship")).Contents);
    }

    [Fact]
    public void Services_WithWrongSettings_FailWhenTheyAreAdded()
    {
        Assert.Throws<ArgumentException>(() => new ServiceCollection().AddNvgImageGenerator(tiny.Folder, o => o.MostImages = 0));
        Assert.Throws<NvgDataException>(() => new ServiceCollection().AddNvgImageGenerator("no-such-folder"));
    }

    private static DataContent Data(RgbImage image, string name) =>
        new(ImageFile.Encode(image, ImageFormat.Png), "image/png") { Name = name };

    private static ImageGenerationOptions With(params (string Name, object Value)[] properties) =>
        new() { AdditionalProperties = new(properties.Select(p => new KeyValuePair<string, object?>(p.Name, p.Value))) };
}
