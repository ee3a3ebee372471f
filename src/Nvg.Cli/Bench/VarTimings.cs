using Nvg.Torch;
using Nvg.Var;
using Nvg.Var.Sampling;
using Nvg.Var.Tokenizers;

namespace Nvg.Cli.Bench;

/// <summary>Times the parts of a VAR model one by one.</summary>
/// <param name="model">Borrowed.</param>
/// <param name="device">Device of the model.</param>
/// <param name="repeat">Timed runs per part, after a warm-up.</param>
/// <param name="batch">Images per batch.</param>
/// <param name="cancellation">Checked between runs.</param>
public sealed class VarTimings(VarModel model, Device device, int repeat, int batch, CancellationToken cancellation = default)
    : PartTimings(device, repeat, cancellation)
{
    private readonly CancellationToken _cancellation = cancellation;

    private ScaleQuantizer Quantizer => model.Tokenizer.Quantizer;

    /// <inheritdoc/>
    public override IEnumerable<Timing> Run()
    {
        yield return Encode();
        yield return Quantize();
        yield return Decode();
        if (!model.HasGenerator)
            yield break;
        foreach (int count in new[] { 1, batch }.Distinct())
        {
            yield return Scales(count);
            yield return Generate(count);
        }
    }

    private Timing Encode()
    {
        int side = model.Tokenizer.Config.ImageSize;
        using Tensor images = Random(batch, 3, side, side);
        return Measure("encode", batch, () => model.Tokenizer.Latent(images).Dispose());
    }

    private Timing Quantize()
    {
        using Tensor latent = Latent();
        return Measure("quantize", batch, () => Quantizer.Quantize(latent).Dispose());
    }

    private Timing Decode()
    {
        using Tensor canvas = Latent();
        return Measure("decode", batch, () => model.Tokenizer.Decode(canvas).Dispose());
    }

    // All passes of the transformer, including guidance and sampling but not the decoder.
    private Timing Scales(int count) => Measure("all scales, guided", count, () => Sample(count).Dispose());

    private Timing Generate(int count) => Measure("generate", count, () =>
    {
        using SampledMaps sampled = Sample(count);
        model.Tokenizer.Decode(sampled.Canvas_BCHW).Dispose();
    });

    private SampledMaps Sample(int count) =>
        model.Sample([.. Enumerable.Range(0, count).Select(i => new VarImageRequest(0, (ulong)i))], cancellation: _cancellation);

    private Tensor Latent() =>
        Random(batch, model.Tokenizer.Config.LatentChannels, Quantizer.Scales.LatentSide, Quantizer.Scales.LatentSide);
}
