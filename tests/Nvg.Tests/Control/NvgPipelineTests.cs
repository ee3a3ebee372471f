using Nvg.Checkpoints;
using Nvg.Control;
using Nvg.Granularity;
using Nvg.Rendering;
using Nvg.Sampling;

namespace Nvg.Tests.Control;

public sealed class NvgPipelineTests : IDisposable
{
    private readonly NvgModel _model = TinyModels.Random();
    private readonly NvgPipeline _pipeline;

    public NvgPipelineTests() => _pipeline = new NvgPipeline(_model);

    [Fact]
    public async Task GenerateAsync_UnlikePictures_ComeInOrderAsEachAlone()
    {
        var colder = _model.Config.Sampling with { Temperature = 0.5, TopK = 1 };
        RequestedPicture[] pictures =
        [
            new(0, 1), new(1, 2) { Options = colder }, new(2, 3) { Towards = new Interpolation(0, null, 0.5) }, new(1, 2) { Options = colder with { } }, new(0, 4),
        ];
        IReadOnlyList<GeneratedPicture> together = await _pipeline.GenerateAsync(new GenerationRequest { Pictures = pictures, BatchSize = 4 });
        for (int i = 0; i < pictures.Length; i++)
        {
            Assert.Same(pictures[i], together[i].Request);
            GeneratedPicture alone = await _pipeline.GenerateAsync(pictures[i]);
            Assert.True(alone.Sequence.SequenceEqual(together[i].Sequence));
        }
    }

    [Fact]
    public async Task GenerateAsync_Batch_IsWhatWasComputedTogether()
    {
        var colder = _model.Config.Sampling with { Temperature = 0.5 };
        IReadOnlyList<RequestedPicture> pictures = [.. GenerationRequest.OfClasses([0, 1], 2, 7), new(2, 1) { Options = colder }];
        var request = new GenerationRequest { Pictures = pictures, BatchSize = 3 };
        Assert.Equal([3, 3, 3, 1, 1], (await _pipeline.GenerateAsync(request)).Select(p => p.Batch));
        Assert.All(await _pipeline.GenerateAsync(request with { FillsBatches = true }), p => Assert.Equal(3, p.Batch));
    }

    [Fact]
    public async Task RunAsync_FilledBatches_ComputeCopiesAndGiveNone()
    {
        var request = new GenerationRequest { Pictures = GenerationRequest.OfClasses([0, 1], 2, 7), BatchSize = 3, FillsBatches = true, WithStages = true };
        var computed = new List<long>();
        GeneratedPicture[] pictures = [.. PictureGeneration.Run(_model, request, observer: (_, stage) => computed.Add(stage.Canvas_BLC.Size(0)))];
        Assert.Equal(Enumerable.Repeat(3L, 10), computed);
        Assert.Equal(request.Pictures, pictures.Select(p => p.Request));
        int updates = 0;
        await foreach (PipelineUpdate update in _pipeline.RunAsync(request, previews: true))
        {
            updates++;
            if (update is StageUpdate stage)
                Assert.Equal(stage.Pictures.Count, stage.Previews.Count);
            else if (update is PictureUpdate picture)
                Assert.Equal(pictures[picture.Index].Picture.Pixels, picture.Picture.Picture.Pixels);
        }

        Assert.Equal(10 + 4, updates);
    }

    [Fact]
    public async Task RunAsync_Previews_ComeForEveryStageOfEveryBatch()
    {
        var request = new GenerationRequest { Pictures = GenerationRequest.OfClasses([0, 1], 2, 7), BatchSize = 3 };
        var updates = new List<PipelineUpdate>();
        await foreach (PipelineUpdate update in _pipeline.RunAsync(request, previews: true))
            updates.Add(update);
        StageUpdate[] stages = [.. updates.OfType<StageUpdate>()];
        Assert.Equal([0, 1, 2, 3, 4, 0, 1, 2, 3, 4], stages.Select(s => s.Stage));
        Assert.Equal([0, 1, 2], stages[0].Pictures);
        Assert.Equal([3], stages[^1].Pictures);
        Assert.Equal([0, 1, 2, 3], updates.OfType<PictureUpdate>().Select(p => p.Index));
        // After the last stage the preview is the picture.
        Assert.Equal(updates.OfType<PictureUpdate>().Last().Picture.Picture.Pixels, stages[^1].Previews[0].Pixels);
        Assert.Equal(1, updates[^1].Share, 9);
        Assert.Equal(updates.Select(u => u.Share).Order(), updates.Select(u => u.Share));
    }

    [Fact]
    public async Task RunAsync_Region_KeepsTheSurroundingsInEveryStageAndPreview()
    {
        LatentGrid grid = _model.Generator.Config.Grid;
        RegionMask region = RegionMask.FromPositions(grid, [.. Enumerable.Range(0, grid.Length).Select(l => l == 0)]);
        GeneratedPicture first = await _pipeline.GenerateAsync(new RequestedPicture(0, 1));
        var kept = new KeptSurroundings(region, new RgbImage(8, 8));
        new Random(1).NextBytes(kept.Picture.Pixels);
        // The second picture has no surroundings: it shows that the others' are not put around it.
        RequestedPicture[] pictures = [new(2, 3) { Given = region.Keep(first.Sequence), Surroundings = kept }, new(2, 4)];
        var shown = new List<RgbImage[]>();
        GeneratedPicture[] done = new GeneratedPicture[2];
        await foreach (PipelineUpdate update in _pipeline.RunAsync(new GenerationRequest { Pictures = pictures, BatchSize = 2, WithStages = true }, previews: true))
        {
            if (update is StageUpdate stage)
                shown.Add([.. stage.Previews]);
            else if (update is PictureUpdate picture)
                done[picture.Index] = picture.Picture;
        }

        for (int i = 0; i < grid.StageCount; i++)
        {
            Assert.Equal(shown[i][0].Pixels, done[0].Stages[i].Canvas.Pixels);
            Assert.Equal(shown[i][1].Pixels, done[1].Stages[i].Canvas.Pixels);
            // The region is the first position, two pixels wide; the ramp is as wide.
            for (int y = 4; y < 8; y++)
                Assert.Equal(kept.Picture.Row(y).ToArray(), shown[i][0].Row(y).ToArray());
            Assert.NotEqual(kept.Picture.Row(0)[..6].ToArray(), shown[i][0].Row(0)[..6].ToArray());
            Assert.NotEqual(kept.Picture.Row(7).ToArray(), shown[i][1].Row(7).ToArray());
        }

        Assert.Equal(done[0].Picture.Pixels, done[0].Stages[^1].Canvas.Pixels);
        // Single positions are painted in the colours of the final picture, surroundings included.
        RgbImage map = done[0].Stages[^1].Structure;
        Assert.Equal(MeanRed(done[0].Picture, 6, 6), map.Row(map.Height - 1)[^3], 1.0);
    }

    [Fact]
    public async Task RunAsync_Cancelled_StopsAndCanBeUsedAgain()
    {
        using var cancellation = new CancellationTokenSource();
        var request = new GenerationRequest { Pictures = GenerationRequest.OfClasses([0], 100, 7) };
        int seen = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (PipelineUpdate update in _pipeline.RunAsync(request, cancellation: cancellation.Token))
            {
                if (++seen == 3)
                    await cancellation.CancelAsync();
            }
        });
        Assert.InRange(seen, 3, 40);
        Assert.Equal(0, (await _pipeline.GenerateAsync(new RequestedPicture(0, 1))).Request.Class);
    }

    [Fact]
    public async Task RunAsync_ReaderLeaves_WorkEnds()
    {
        var request = new GenerationRequest { Pictures = GenerationRequest.OfClasses([0], 100, 7) };
        await foreach (PipelineUpdate update in _pipeline.RunAsync(request))
            break;
        // The turn is free again, which it is only after the work has ended.
        Assert.Equal(1ul, (await _pipeline.GenerateAsync(new RequestedPicture(0, 1))).Request.Seed);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(30)]
    public async Task RunAsync_InsideItsOwnReader_GivesBothTheirPictures(int count)
    {
        // More updates than are held for a slow reader, and fewer.
        var request = new GenerationRequest { Pictures = GenerationRequest.OfClasses([0], count, 7) };
        IReadOnlyList<GeneratedPicture> alone = await _pipeline.GenerateAsync(request);
        GeneratedPicture other = await _pipeline.GenerateAsync(new RequestedPicture(1, 99));
        int inner = 0;
        var outer = new List<GeneratedPicture>();
        await foreach (PipelineUpdate update in _pipeline.RunAsync(request))
        {
            if (inner < 3)
            {
                Assert.True(other.Sequence.SequenceEqual((await _pipeline.GenerateAsync(new RequestedPicture(1, 99)).WaitAsync(TimeSpan.FromMinutes(2))).Sequence));
                inner++;
            }

            if (update is PictureUpdate picture)
                outer.Add(picture.Picture);
        }

        Assert.Equal(3, inner);
        Assert.Equal(count, outer.Count);
        Assert.All(alone.Zip(outer), pair => Assert.True(pair.First.Sequence.SequenceEqual(pair.Second.Sequence)));
    }

    [Fact]
    public async Task RunAsync_TwoSlowReaders_GiveTheirTurnsToEachOther()
    {
        var request = new GenerationRequest { Pictures = GenerationRequest.OfClasses([0], 10, 7) };
        await using IAsyncEnumerator<PipelineUpdate> first = _pipeline.RunAsync(request).GetAsyncEnumerator(), second = _pipeline.RunAsync(request).GetAsyncEnumerator();
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
        var request = new GenerationRequest { Pictures = GenerationRequest.OfClasses([0], 1000, 7) };
        Task<IReadOnlyList<GeneratedPicture>>? waiting = null;
        int seen = 0;
        await Assert.ThrowsAsync<ObjectDisposedException>(async () =>
        {
            await foreach (PipelineUpdate update in pipeline.RunAsync(request))
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
        await Assert.ThrowsAsync<ObjectDisposedException>(() => pipeline.GenerateAsync(new RequestedPicture(0, 1)));
        pipeline.Dispose();
    }

    [Fact]
    public async Task RunAsync_ImpossibleRequest_ThrowsItsOwnError()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => _pipeline.GenerateAsync(new RequestedPicture(77, 1)));
        await Assert.ThrowsAsync<ArgumentException>(() => _pipeline.GenerateAsync(new RequestedPicture(0, 1) { Options = new SamplingOptions { Temperature = -1 } }));
    }

    public void Dispose()
    {
        _pipeline.Dispose();
        _model.Dispose();
    }

    private static double MeanRed(RgbImage picture, int left, int top) =>
        new[] { (0, 0), (0, 1), (1, 0), (1, 1) }.Average(p => (double)picture.Row(top + p.Item1)[3 * (left + p.Item2)]);
}
