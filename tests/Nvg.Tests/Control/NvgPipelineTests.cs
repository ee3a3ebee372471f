using Nvg.Conditioning;
using Nvg.Control;
using Nvg.Granularity;
using Nvg.Imaging;
using Nvg.Sampling;

namespace Nvg.Tests.Control;

public sealed class NvgPipelineTests : IDisposable
{
    private readonly NvgModel _model = TinyModels.Random();
    private readonly NvgPipeline _pipeline;

    public NvgPipelineTests() => _pipeline = new NvgPipeline(_model);

    [Fact]
    public async Task GenerateAsync_UnlikeImages_ComeInOrderAsEachAlone()
    {
        var colder = _model.Config.Sampling with { Temperature = 0.5, TopK = 1 };
        ImageRequest[] images =
        [
            new(0, 1), new(1, 2) { Options = colder }, new(2, 3) { Interpolation = new Interpolation(0, null, 0.5) }, new(1, 2) {
                 Options = colder with { } }, new(0, 4),
        ];
        IReadOnlyList<GeneratedImage> together = await _pipeline.GenerateAsync(new GenerationRequest { Images = images, BatchSize = 4 });
        for (int i = 0; i < images.Length; i++)
        {
            Assert.Same(images[i], together[i].Request);
            GeneratedImage alone = await _pipeline.GenerateAsync(images[i]);
            Assert.True(alone.Sequence.SequenceEqual(together[i].Sequence));
        }
    }

    [Fact]
    public async Task GenerateAsync_Batch_IsWhatWasComputedTogether()
    {
        var colder = _model.Config.Sampling with { Temperature = 0.5 };
        IReadOnlyList<ImageRequest> images = [.. GenerationRequest.OfClasses([0, 1], 2, 7), new(2, 1) { Options = colder }];
        var request = new GenerationRequest { Images = images, BatchSize = 3 };
        Assert.Equal([3, 3, 3, 1, 1], (await _pipeline.GenerateAsync(request)).Select(p => p.Batch));
        Assert.All(await _pipeline.GenerateAsync(request with { FillsBatches = true }), p => Assert.Equal(3, p.Batch));
    }

    [Fact]
    public async Task RunAsync_FilledBatches_ComputeCopiesAndGiveNone()
    {
        var request = new GenerationRequest
        {
            Images = GenerationRequest.OfClasses([0, 1], 2, 7),
            BatchSize = 3,
            FillsBatches = true,
            WithStages = true,
        };
        var computed = new List<long>();
        GeneratedImage[] images = [.. ImageGeneration.Run(_model, request, observer: (_, stage) => computed.Add(stage.Canvas_BLC.Size(0)))];
        Assert.Equal(Enumerable.Repeat(3L, 10), computed);
        Assert.Equal(request.Images, images.Select(p => p.Request));
        int updates = 0;
        await foreach (GenerationUpdate update in _pipeline.RunAsync(request, previews: true))
        {
            updates++;
            if (update is StageCompleted stage)
                Assert.Equal(stage.Images.Count, stage.Previews.Count);
            else if (update is ImageCompleted image)
                Assert.Equal(images[image.Index].Image.Pixels, image.Image.Image.Pixels);
        }

        Assert.Equal(10 + 4, updates);
    }

    [Fact]
    public async Task RunAsync_Previews_ComeForEveryStageOfEveryBatch()
    {
        var request = new GenerationRequest { Images = GenerationRequest.OfClasses([0, 1], 2, 7), BatchSize = 3 };
        var updates = new List<GenerationUpdate>();
        await foreach (GenerationUpdate update in _pipeline.RunAsync(request, previews: true))
            updates.Add(update);
        StageCompleted[] stages = [.. updates.OfType<StageCompleted>()];
        Assert.Equal([0, 1, 2, 3, 4, 0, 1, 2, 3, 4], stages.Select(s => s.Stage));
        Assert.Equal([0, 1, 2], stages[0].Images);
        Assert.Equal([3], stages[^1].Images);
        Assert.Equal([0, 1, 2, 3], updates.OfType<ImageCompleted>().Select(p => p.Index));
        // After the last stage the preview is the image.
        Assert.Equal(updates.OfType<ImageCompleted>().Last().Image.Image.Pixels, stages[^1].Previews[0].Pixels);
        Assert.Equal(1, updates[^1].Share, 9);
        Assert.Equal(updates.Select(u => u.Share).Order(), updates.Select(u => u.Share));
    }

    [Fact]
    public async Task RunAsync_Region_KeepsTheSurroundingsInEveryStageAndPreview()
    {
        LatentGrid grid = _model.Generator.Config.Grid;
        RegionMask region = RegionMask.FromPositions(grid, [.. Enumerable.Range(0, grid.Length).Select(l => l == 0)]);
        GeneratedImage first = await _pipeline.GenerateAsync(new ImageRequest(0, 1));
        var kept = new KeptSurroundings(region, new RgbImage(8, 8));
        new Random(1).NextBytes(kept.Image.Pixels);
        // The second image has no surroundings: it shows that the others' are not put around it.
        ImageRequest[] images = [new(2, 3) { Given = region.Keep(first.Sequence), Surroundings = kept }, new(2, 4)];
        var shown = new List<RgbImage[]>();
        GeneratedImage[] done = new GeneratedImage[2];
        await foreach (GenerationUpdate update in _pipeline.RunAsync(
            new GenerationRequest { Images = images, BatchSize = 2, WithStages = true }, previews: true))
        {
            if (update is StageCompleted stage)
                shown.Add([.. stage.Previews]);
            else if (update is ImageCompleted image)
                done[image.Index] = image.Image;
        }

        for (int i = 0; i < grid.StageCount; i++)
        {
            Assert.Equal(shown[i][0].Pixels, done[0].Stages[i].Canvas.Pixels);
            Assert.Equal(shown[i][1].Pixels, done[1].Stages[i].Canvas.Pixels);
            // The region is the first position, two pixels wide; the ramp is as wide.
            for (int y = 4; y < 8; y++)
                Assert.Equal(kept.Image.Row(y).ToArray(), shown[i][0].Row(y).ToArray());
            Assert.NotEqual(kept.Image.Row(0)[..6].ToArray(), shown[i][0].Row(0)[..6].ToArray());
            Assert.NotEqual(kept.Image.Row(7).ToArray(), shown[i][1].Row(7).ToArray());
        }

        Assert.Equal(done[0].Image.Pixels, done[0].Stages[^1].Canvas.Pixels);
        // Single positions are painted in the colours of the final image, surroundings included.
        RgbImage map = done[0].Stages[^1].Structure;
        Assert.Equal(MeanRed(done[0].Image, 6, 6), map.Row(map.Height - 1)[^3], 1.0);
    }

    [Fact]
    public async Task RunAsync_Cancelled_StopsAndCanBeUsedAgain()
    {
        using var cancellation = new CancellationTokenSource();
        var request = new GenerationRequest { Images = GenerationRequest.OfClasses([0], 100, 7) };
        int seen = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (GenerationUpdate update in _pipeline.RunAsync(request, cancellation: cancellation.Token))
            {
                if (++seen == 3)
                    await cancellation.CancelAsync();
            }
        });
        Assert.InRange(seen, 3, 40);
        Assert.Equal(0, (await _pipeline.GenerateAsync(new ImageRequest(0, 1))).Class);
    }

    [Fact]
    public async Task RunAsync_ReaderLeaves_WorkEnds()
    {
        var request = new GenerationRequest { Images = GenerationRequest.OfClasses([0], 100, 7) };
        await foreach (GenerationUpdate update in _pipeline.RunAsync(request))
            break;
        // The turn is free again, which it is only after the work has ended.
        Assert.Equal(1ul, (await _pipeline.GenerateAsync(new ImageRequest(0, 1))).Request.Seed);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(30)]
    public async Task RunAsync_InsideItsOwnReader_GivesBothTheirImages(int count)
    {
        // More updates than are held for a slow reader, and fewer.
        var request = new GenerationRequest { Images = GenerationRequest.OfClasses([0], count, 7) };
        IReadOnlyList<GeneratedImage> alone = await _pipeline.GenerateAsync(request);
        GeneratedImage other = await _pipeline.GenerateAsync(new ImageRequest(1, 99));
        int inner = 0;
        var outer = new List<GeneratedImage>();
        await foreach (GenerationUpdate update in _pipeline.RunAsync(request))
        {
            if (inner < 3)
            {
                Assert.True(
                    other.Sequence.SequenceEqual(
                        (await _pipeline.GenerateAsync(new ImageRequest(1, 99)).WaitAsync(TimeSpan.FromMinutes(2))).Sequence));
                inner++;
            }

            if (update is ImageCompleted image)
                outer.Add(image.Image);
        }

        Assert.Equal(3, inner);
        Assert.Equal(count, outer.Count);
        Assert.All(alone.Zip(outer), pair => Assert.True(pair.First.Sequence.SequenceEqual(pair.Second.Sequence)));
    }

    [Fact]
    public async Task RunAsync_TwoSlowReaders_GiveTheirTurnsToEachOther()
    {
        var request = new GenerationRequest { Images = GenerationRequest.OfClasses([0], 10, 7) };
        await using IAsyncEnumerator<GenerationUpdate> first =
            _pipeline.RunAsync(request).GetAsyncEnumerator(), second = _pipeline.RunAsync(request).GetAsyncEnumerator();
        int updates = 0;
        // Neither is read on before the other has come as far.
        while (await first.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(2)))
        {
            Assert.True(await second.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(2)));
            Assert.Equal(first.Current.Share, second.Current.Share);
            updates++;
        }

        Assert.Equal(60, updates);
    }

    [Fact]
    public async Task Dispose_WhileRunning_EndsTheWorkAndTellsReadersAndWaiters()
    {
        using NvgModel model = TinyModels.Random();
        var pipeline = new NvgPipeline(model);
        var request = new GenerationRequest { Images = GenerationRequest.OfClasses([0], 1000, 7) };
        Task<IReadOnlyList<GeneratedImage>>? waiting = null;
        int seen = 0;
        await Assert.ThrowsAsync<ObjectDisposedException>(async () =>
        {
            await foreach (GenerationUpdate update in pipeline.RunAsync(request))
            {
                // From inside the reader, the worst place.
                if (++seen != 3)
                    continue;
                waiting = pipeline.GenerateAsync(request);
                pipeline.Dispose();
                // Nothing uses the model any more.
                model.Dispose();
            }
        });
        Assert.InRange(seen, 3, 40);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting!);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => pipeline.GenerateAsync(new ImageRequest(0, 1)));
        pipeline.Dispose();
    }

    [Fact]
    public async Task RunAsync_ImpossibleRequest_ThrowsItsOwnError()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => _pipeline.GenerateAsync(new ImageRequest(77, 1)));
        await Assert.ThrowsAsync<ArgumentException>(
            () => _pipeline.GenerateAsync(new ImageRequest(0, 1) { Options = new SamplingOptions { Temperature = -1 } }));
    }

    public void Dispose()
    {
        _pipeline.Dispose();
        _model.Dispose();
    }

    private static double MeanRed(RgbImage image, int left, int top) =>
        new[] { (0, 0), (0, 1), (1, 0), (1, 1) }.Average(p => (double)image.Row(top + p.Item1)[3 * (left + p.Item2)]);
}
