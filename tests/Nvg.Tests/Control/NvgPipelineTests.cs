using Nvg.Checkpoints;
using Nvg.Control;
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
}
