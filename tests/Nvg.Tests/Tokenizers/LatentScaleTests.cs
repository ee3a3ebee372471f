using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tests.Tokenizers;

[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public class LatentScaleTests
{
    private static readonly TokenizerConfig Config = Tiny.TokenizerSizes with { ImageSize = 16 };

    [Fact]
    public void Rescale_ByMeasuredScale_GivesUnitLatentsAndTheSameImages()
    {
        using var scope = new TensorScope();
        using var random = new RandomGenerator(1);
        using var original = new Tokenizer(Config, ParameterSource.Random(3));
        // Codes as large as latents, so that the canvases have a spread to measure.
        original.Quantizer.Codebook.CopyFrom(Tensor.Randn([16, 4], random));
        Tensor images = Tensor.Rand([6, 3, 16, 16], random) * 2 - 1;
        double scale = LatentScale.Measure(original, [images.Alias()]);
        using var rescaled = new Tokenizer(Config, ParameterSource.From(LatentScale.Rescale(original.Parameters, 1 / scale)));
        Assert.Equal(1, LatentScale.Measure(rescaled, [images.Alias()]), 1e-4);
        Assert.InRange((Reconstruct(original, images) - Reconstruct(rescaled, images)).Abs().Max().Item(), 0, 1e-4);
    }

    [Fact]
    public void Measure_OneBatchOrSeveral_IsTheSame()
    {
        using var scope = new TensorScope();
        using var random = new RandomGenerator(2);
        using var tokenizer = new Tokenizer(Config, ParameterSource.Random(4));
        Tensor images = Tensor.Rand([5, 3, 16, 16], random) * 2 - 1;
        double whole = LatentScale.Measure(tokenizer, [images.Alias()]);
        Assert.Equal(1, LatentScale.Measure(tokenizer, [images.Narrow(0, 0, 2), images.Narrow(0, 2, 3)]) / whole, 1e-4);
    }

    private static Tensor Reconstruct(Tokenizer tokenizer, Tensor images)
    {
        using var sequence = tokenizer.Encode(images);
        using Tensor canvases_BSLC = tokenizer.Quantizer.Canvases(sequence);
        return tokenizer.Decode(canvases_BSLC.Select(1, canvases_BSLC.Size(1) - 1));
    }
}
