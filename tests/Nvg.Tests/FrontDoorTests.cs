using Nvg.Checkpoints;
using Nvg.Conditioning;
using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Imaging;
using Nvg.Labels;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tests;

/// <summary>A model as an application uses it: loaded from a folder, asked by class name, awaited, streamed, disposed.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public sealed class FrontDoorTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly TemporaryFolder _folder = new();

    public FrontDoorTests()
    {
        using Tokenizer tokenizer = Tiny.Tokenizer();
        using var generator = new NvgGenerator(Tiny.GeneratorSizes, ParameterSource.Random(2));
        var config = new ModelConfig
        {
            Name = "tiny",
            Tokenizer = Tiny.TokenizerSizes,
            Generator = Tiny.GeneratorSizes,
            Sampling = new() { StructureSteps = 2 },
        };
        string[] labels = ["ship, boat", "n02084071\tdog", "cat"];
        NvgModel.Save(Folder, config, tokenizer.Parameters, generator.Parameters, labels, ScalarType.BFloat16);
    }

    private string Folder => _folder["model"];

    [Fact]
    public async Task LoadAsync_Defaults_AreThoseOfTheCommand()
    {
        int before = TorchRuntime.ThreadCount;
        try
        {
            using (NvgModel model = await NvgModel.LoadAsync(Folder))
            {
                Assert.Equal(Environment.ProcessorCount, TorchRuntime.ThreadCount);
                Assert.All(model.Generator.Parameters.Values, p => Assert.Equal(ScalarType.Float32, p.ScalarType));
                Assert.Equal(1, (await model.GenerateAsync("cat")).Batch);
            }

            using NvgModel stored = await NvgModel.LoadAsync(Folder, new NvgModelOptions { Type = null, Threads = 1 });
            Assert.Equal(1, TorchRuntime.ThreadCount);
            Assert.Contains(stored.Generator.Parameters.Values, p => p.ScalarType == ScalarType.BFloat16);
        }
        finally
        {
            TorchRuntime.ThreadCount = before;
        }
    }

    [Theory]
    [InlineData("Boat", 0)]
    [InlineData("n02084071", 1)]
    [InlineData("2", 2)]
    public async Task GenerateAsync_ClassByNameIdentifierOrNumber_IsTheSameImage(string name, int number)
    {
        using NvgModel model = await LoadAsync();
        GeneratedImage byName = await model.GenerateAsync(name, seed: 3), byNumber = await model.GenerateAsync(number, seed: 3);
        Assert.Equal(byNumber.Image.Pixels, byName.Image.Pixels);
        Assert.Equal((number, byNumber.Label), (byName.Class, byName.Label));
        Assert.Equal(model.Classes.Classes[number].Name, byName.Label);
        GeneratedImage synchronous = model.Generate(new GenerationRequest { Images = [new ImageRequest(name, 3)] }).Single();
        Assert.Equal(byNumber.Image.Pixels, synchronous.Image.Pixels);
    }

    [Fact]
    public async Task GenerateAsync_UnknownClass_ThrowsWithItsFacts()
    {
        using NvgModel model = await LoadAsync();
        var error = await Assert.ThrowsAsync<ClassNameException>(() => model.GenerateAsync("shipp"));
        Assert.Equal("shipp", error.Name);
        Assert.Equal(["ship"], error.Suggestions);
        Assert.Equal("no class 'shipp': did you mean ship?", error.Message);
        await Assert.ThrowsAsync<ArgumentException>(() => model.GenerateAsync(77));
        await Assert.ThrowsAsync<ArgumentException>(() => model.GenerateAsync(-1));
    }

    [Fact]
    public async Task Save_Image_WritesThePixels()
    {
        using NvgModel model = await LoadAsync();
        GeneratedImage image = await model.GenerateAsync("ship", seed: 7);
        image.Save(_folder["ship.png"]);
        Assert.Equal(image.Image.Pixels, ImageFile.Read(_folder["ship.png"]).Pixels);
        Assert.Throws<ArgumentException>(() => image.Save(_folder["ship.txt"]));
    }

    [Fact]
    public async Task StreamAsync_StructureMap_IsFollowedAndEveryStageComes()
    {
        using NvgModel model = await LoadAsync();
        RgbImage drawing = new(8, 8);
        drawing.Row(0).Fill(255);
        drawing.Row(1).Fill(255);
        drawing.Save(_folder["drawing.png"]);
        StructureMap layout = model.Structure.FromLabels(_folder["drawing.png"], stages: 3);
        var stages = new List<int>();
        GeneratedImage? image = null;
        var request = new ImageRequest("ship") { Seed = 7, Structure = layout };
        await foreach (GenerationUpdate update in model.StreamAsync(request, previews: true))
        {
            if (update is StageCompleted stage)
            {
                stages.Add(stage.Stage);
                Assert.Equal((8, 8), (stage.Preview.Width, stage.Preview.Height));
            }
            else if (update is ImageCompleted done)
            {
                image = done.Image;
                Assert.Equal(new GenerationProgress(1, 1, 1), update.Progress);
            }
        }

        Assert.Equal([0, 1, 2, 3, 4], stages);
        Assert.True(layout.ToSequence().SequenceEqual(image!.Sequence.Keep(3, 0)));
        // The same as the partial sequence that it stands for.
        GeneratedImage given = await model.GenerateAsync(new ImageRequest("ship", 7) { Given = layout.ToSequence() });
        Assert.Equal(given.Image.Pixels, image.Image.Pixels);
    }

    [Fact]
    public async Task StreamAsync_WithoutPreviews_SaysSoWhereOneIsRead()
    {
        using NvgModel model = await LoadAsync();
        await foreach (GenerationUpdate update in model.StreamAsync(new ImageRequest(0)))
        {
            if (update is StageCompleted stage)
                Assert.Contains(
                    "previews: true", Assert.Throws<InvalidOperationException>(() => stage.Preview).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task StreamAsync_InsideItsOwnReader_DoesNotWaitForEver()
    {
        using NvgModel model = await LoadAsync();
        // More updates than are held for a slow reader, so the outer request waits for its reader, and the reader for the inner one.
        var request = new GenerationRequest { Images = GenerationRequest.OfClasses([0], 30, 7) };
        GeneratedImage expected = await model.GenerateAsync("dog", seed: 99);
        int images = 0, inner = 0;
        await foreach (GenerationUpdate update in model.StreamAsync(request, previews: true))
        {
            if (inner++ < 3)
                Assert.True(expected.Sequence.SequenceEqual((await model.GenerateAsync("dog", seed: 99).WaitAsync(Patience)).Sequence));
            images += update is ImageCompleted ? 1 : 0;
        }

        Assert.Equal(30, images);
    }

    [Fact]
    public async Task StreamAsync_CancelledByTheTokenOfTheEnumeration_Stops()
    {
        using NvgModel model = await LoadAsync();
        using var cancellation = new CancellationTokenSource();
        var request = new GenerationRequest { Images = GenerationRequest.OfClasses([0], 100, 7) };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (GenerationUpdate update in model.StreamAsync(request).WithCancellation(cancellation.Token))
                await cancellation.CancelAsync();
        });
        // The model is free for the next request.
        Assert.Equal(0, (await model.GenerateAsync(0).WaitAsync(Patience)).Class);
    }

    [Fact]
    public async Task DisposeAsync_WhileRequestsRun_EndsThem()
    {
        NvgModel model = await LoadAsync();
        var request = new GenerationRequest { Images = GenerationRequest.OfClasses([0], 1000, 7) };
        Task<IReadOnlyList<GeneratedImage>>? waiting = null;
        await Assert.ThrowsAsync<ObjectDisposedException>(async () =>
        {
            await foreach (GenerationUpdate update in model.StreamAsync(request))
            {
                waiting ??= model.GenerateAsync(request);
                await model.DisposeAsync().AsTask().WaitAsync(Patience);
            }
        }).WaitAsync(Patience);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting!);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => model.GenerateAsync(0));
        await model.DisposeAsync();
        model.Dispose();
    }

    [Fact]
    public async Task GenerateAsync_Progress_IsReportedAfterEveryStage()
    {
        using NvgModel model = await LoadAsync();
        var reports = new List<GenerationProgress>();
        var request = new GenerationRequest { Images = [new("cat", 1), new("dog", 2)] };
        await model.GenerateAsync(request, new SynchronousProgress<GenerationProgress>(reports.Add));
        Assert.Equal(2 * (5 + 1), reports.Count);
        Assert.Equal(new GenerationProgress(0, 2, 0.1), reports[0]);
        Assert.Equal(new GenerationProgress(2, 2, 1), reports[^1]);
        Assert.Equal(reports.OrderBy(r => r.Share), reports);
    }

    [Fact]
    public async Task StructureAndGiven_Together_AreBothFollowed()
    {
        using NvgModel model = await LoadAsync();
        GeneratedImage other = await model.GenerateAsync("cat", seed: 4);
        StructureMap layout = model.Structure.FromMaps(other.Sequence.AllLabels[..48].ToArray(), [3, 16]);
        PartialSequence content = other.Sequence.Keep(1, 1);
        GeneratedImage image = await model.GenerateAsync(new ImageRequest("dog", 5) { Structure = layout, Given = content });
        Assert.True(other.Sequence.Keep(3, 1).SequenceEqual(image.Sequence.Keep(3, 1)));
        StructureMap wrong = new StructureBuilder(new LatentGrid(2, 8)).FromLabels(new RgbImage(8, 2), 2);
        await Assert.ThrowsAsync<ArgumentException>(() => model.GenerateAsync(new ImageRequest("dog", 5) { Structure = wrong }));
    }

    public void Dispose() => _folder.Dispose();

    private Task<NvgModel> LoadAsync() => NvgModel.LoadAsync(Folder, new NvgModelOptions { Threads = null });
}
