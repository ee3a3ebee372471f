using Nvg.Checkpoints;
using Nvg.Imaging;
using Nvg.Methods;
using Nvg.Models;
using Nvg.Sampling;
using Nvg.Sampling.Schedules;
using Nvg.Torch;
using Nvg.Var;
using Nvg.Var.Sampling;

namespace Nvg.Tests.Var;

/// <summary>A VAR model as an application uses it.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public sealed class VarModelTests : IDisposable
{
    private static readonly VarSamplingOptions Options = new() { TopK = 0, TopP = StageSchedule.Constant(1) };

    private readonly TemporaryFolder _folder = new();

    public VarModelTests() => TinyVar.Save(Folder);

    private string Folder => _folder["model"];

    [Fact]
    public void Generate_AnyBatch_ImagesDependOnTheirSeedsAlone()
    {
        using VarModel model = VarModel.Load(Folder);
        VarImage[] alone = [.. Generate(model, 1, new VarImageRequest(1, 7), new VarImageRequest(2, 8), new VarImageRequest(1, 9))];
        VarImage[] together = [.. Generate(model, 3, new VarImageRequest(2, 8), new VarImageRequest(1, 7), new VarImageRequest(1, 9))];
        Assert.Equal(alone[0].Tokens, together[1].Tokens);
        Assert.Equal(alone[1].Tokens, together[0].Tokens);
        Assert.Equal(alone[2].Tokens, together[2].Tokens);
        Assert.NotEqual(alone[0].Tokens, alone[2].Tokens);
        Assert.Equal(("dog", 1, 7UL), (alone[0].Label, alone[0].Class, alone[0].Seed));
    }

    [Fact]
    public void Generate_Smooth_DependsOnTheSeedAloneToo()
    {
        using VarModel model = VarModel.Load(Folder);
        VarSamplingOptions smooth = Options with { Smooth = true };
        VarImage alone = Generate(model, 1, smooth, new VarImageRequest(1, 7)).Single();
        VarImage second = Generate(model, 2, smooth, new VarImageRequest(0, 3), new VarImageRequest(1, 7)).Last();
        Assert.InRange(Images.MeanDifference(alone.Image, second.Image), 0, 0.5);
    }

    [Fact]
    public void Generate_NullClass_IsNotGuided()
    {
        using VarModel model = VarModel.Load(Folder);
        int none = model.Config.Transformer!.NullClass;
        VarSamplingOptions unguided = Options with { Guidance = StageSchedule.Constant(1) };
        Assert.Equal(Generate(model, 1, Options, new VarImageRequest(none, 5)).Single().Tokens,
            Generate(model, 1, unguided, new VarImageRequest(none, 5)).Single().Tokens);
        Assert.NotEqual(Generate(model, 1, Options, new VarImageRequest(0, 5)).Single().Tokens,
            Generate(model, 1, unguided, new VarImageRequest(0, 5)).Single().Tokens);
    }

    [Fact]
    public void Generate_Stages_EndWithTheImage()
    {
        using VarModel model = VarModel.Load(Folder);
        var previews = new List<VarStage>();
        var request = new VarGenerationRequest { Images = [new(0, 1), new(1, 2)], Options = Options, BatchSize = 2, WithStages = true };
        var shares = new List<double>();
        VarImage[] images = [
            .. model.Generate(request, new SynchronousProgress<GenerationProgress>(p => shares.Add(p.Share)), previews.Add)];
        Assert.Equal([0, 1, 2, 3], previews.Select(p => p.Scale));
        Assert.All(previews, p => Assert.Equal([0, 1], p.Images));
        Assert.All(images, image => Assert.Equal(image.Image.Pixels, image.Stages[^1].Canvas.Pixels));
        Assert.Equal(4, images[0].Stages.Count);
        Assert.Equal(shares.Order(), shares);
        Assert.Equal(1, shares[^1]);
    }

    [Fact]
    public void Generate_Cancelled_StopsBeforeTheNextScale()
    {
        using VarModel model = VarModel.Load(Folder);
        using var stop = new CancellationTokenSource();
        int scales = 0;
        var progress = new SynchronousProgress<GenerationProgress>(_ =>
        {
            if (++scales == 2)
                stop.Cancel();
        });
        var request = new VarGenerationRequest { Images = [new(0, 1)], Options = Options };
        Assert.ThrowsAny<OperationCanceledException>(() => model.Generate(request, progress, cancellation: stop.Token).ToList());
        Assert.Equal(2, scales);
    }

    [Fact]
    public void Draw_RoleOfAllMethods_GivesTheSameImages()
    {
        using IImageModel model = ImageModels.Load(Folder);
        IGeneratedImage drawn = model.Draw(new DrawRequest { Images = [new ClassSeed(2, 4)], Settings = Options }).Single();
        Assert.Equal(Generate((VarModel)model, 1, new VarImageRequest(2, 4)).Single().Image.Pixels, drawn.Image.Pixels);
        var error = Assert.Throws<ArgumentException>(
            () => model.Draw(new DrawRequest { Images = [new ClassSeed(2, 4)], Settings = new SamplingOptions() }).ToList());
        Assert.Contains("VarSamplingOptions", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_StoredInBFloat16_KeepsTablesInFullPrecision()
    {
        TinyVar.Save(_folder["half"], ScalarType.BFloat16);
        using VarModel full = VarModel.Load(Folder), half = VarModel.Load(_folder["half"], type: null);
        foreach (string name in new[] { "pos_1LC", "pos_start", "blocks.0.attn.scale_mul_1H11", "blocks.0.attn.q_bias" })
            Assert.Equal(full.Transformer.Parameters[name].ToArray<float>(), half.Transformer.Parameters[name].ToArray<float>());
        Assert.Equal(ScalarType.BFloat16, half.Transformer.Parameters["blocks.0.ffn.fc1.weight"].ScalarType);
        Assert.Equal(full.Tokenizer.Quantizer.Codebook.ToArray<float>(), half.Tokenizer.Quantizer.Codebook.ToArray<float>());
        Assert.Single(Generate(half, 1, new VarImageRequest(0, 1)));
    }

    [Fact]
    public void Load_ByNvg_SaysThatTheMethodIsAnother()
    {
        Assert.Equal(ModelMethod.Var, ModelMethod.Of(Folder));
        var error = Assert.Throws<NvgDataException>(() => NvgModel.Load(Folder));
        Assert.Contains("method 'var'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FromMask_HalfWhite_KeepsTheBlackHalf()
    {
        using VarModel model = VarModel.Load(Folder);
        RgbImage image = Images.Gradient(8, 8), mask = new(4, 4);
        for (int y = 0; y < 4; y++)
            mask.Row(y)[6..].Fill(255);
        VarEdit edit = VarEdit.FromMask(image, mask, 4);
        Assert.Equal([true, true, false, false], edit.Keep.Take(4));
        Assert.Equal([false, false, true, true], VarEdit.FromMask(image, mask, 4, outside: true).Keep.Take(4));
        Assert.Throws<ArgumentException>(() => VarEdit.FromMask(image, new RgbImage(4, 4), 4));
        // Of a wide mask the central square counts: here its left half is black.
        RgbImage wide = new(8, 4);
        for (int y = 0; y < 4; y++)
            wide.Row(y)[12..].Fill(255);
        Assert.Equal([true, true, false, false], VarEdit.FromMask(image, wide, 4).Keep.Take(4));
    }

    [Fact]
    public void Generate_Edit_KeepsTheGivenTokens()
    {
        using VarModel model = VarModel.Load(Folder);
        bool[] keep = [.. Enumerable.Range(0, 16).Select(i => i % 4 < 2)];
        var edit = new VarEdit(Images.Gradient(8, 8), keep);
        using Tensor pixels = ImageTensor.Load([edit.Image]);
        using var given = model.Tokenizer.Encode(pixels);
        long[] last = given.Maps[^1].ToArray<long>();
        VarImage image = Generate(model, 1, new VarImageRequest(1, 3) { Edit = edit }).Single();
        int[] tokens = [.. image.Tokens.TakeLast(16)];
        Assert.All(Enumerable.Range(0, 16).Where(i => keep[i]), i => Assert.Equal(last[i], tokens[i]));
        Assert.NotEqual(last, [.. tokens.Select(t => (long)t)]);
        Assert.Throws<ArgumentException>(
            () => Generate(model, 1, new VarImageRequest(1, 3) { Edit = edit with { Keep = keep[..4] } }).ToList());
    }

    public void Dispose() => _folder.Dispose();

    private static IEnumerable<VarImage> Generate(VarModel model, int batch, params VarImageRequest[] images) =>
        Generate(model, batch, Options, images);

    private static IEnumerable<VarImage> Generate(VarModel model, int batch, VarSamplingOptions options, params VarImageRequest[] images) =>
        model.Generate(new VarGenerationRequest { Images = images, Options = options, BatchSize = batch });
}
