using Nvg.Granularity;
using Nvg.Torch;

namespace Nvg.Tokenizers;

/// <summary>
/// The scale of a tokenizer's latent, which its own losses leave open: the same images come out if latent, codes and
/// refiner offsets are all multiplied by a number that the decoder then divides by. The generators' token head reads
/// latent differences, so it wants them of order one.
/// </summary>
public static class LatentScale
{
    /// <summary>The standard deviation of final canvases.</summary>
    /// <param name="tokenizer">Borrowed.</param>
    /// <param name="batches">B × 3 × H × W in [−1, 1] each; disposed one by one.</param>
    public static double Measure(Tokenizer tokenizer, IEnumerable<Tensor> batches)
    {
        using InferenceMode inference = Autograd.Inference();
        var statistics = new CanvasStatistics();
        foreach (Tensor images in batches)
        {
            using var scope = new TensorScope();
            using (images)
            using (GranularitySequence sequence = tokenizer.Encode(images))
                statistics.Add(tokenizer.Quantizer.Canvases(sequence));
        }

        return statistics.StandardDeviations()[^1];
    }

    /// <summary>Parameters of an equal tokenizer whose latent is <paramref name="factor"/> times as large.</summary>
    /// <returns>New tensors under the same names, of the innermost scope.</returns>
    public static IReadOnlyDictionary<string, Tensor> Rescale(IReadOnlyDictionary<string, Tensor> parameters, double factor)
    {
        using GradMode noGrad = Autograd.NoGrad();
        return parameters.ToDictionary(p => p.Key, p => p.Value * FactorOf(p.Key, factor));
    }

    // Refiner weights act on the latent and give the latent, so they stay.
    private static double FactorOf(string name, double factor) => name switch
    {
        "decoder.conv_in.conv.weight" => 1 / factor,
        "encoder.conv_out.conv.weight" or "encoder.conv_out.conv.bias" or "quantize.embedding.weight" => factor,
        _ when name.StartsWith("quantize.quant_resi.", StringComparison.Ordinal) && name.EndsWith(".bias", StringComparison.Ordinal) => factor,
        _ => 1,
    };
}
