using Nvg.Granularity;
using Nvg.Torch;

namespace Nvg.Tokenizers;

/// <summary>
/// Normalises the scale of a tokenizer's latent. The tokenizer's losses do not determine the scale: images stay the same if latent, codes
/// and refiner biases are multiplied by a factor that the decoder divides out. The generators' token head works on latent differences,
/// which should be of order one.
/// </summary>
public static class LatentScale
{
    /// <summary>Measures the standard deviation of final canvases.</summary>
    /// <param name="tokenizer">Borrowed.</param>
    /// <param name="batches">Images, B × 3 × H × W in [−1, 1]; each batch is disposed after use.</param>
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

    /// <summary>The parameters of an equivalent tokenizer whose latent is <paramref name="factor"/> times as large.</summary>
    /// <returns>New tensors under the same names, in the innermost scope.</returns>
    public static IReadOnlyDictionary<string, Tensor> Rescale(IReadOnlyDictionary<string, Tensor> parameters, double factor)
    {
        using GradMode noGrad = Autograd.NoGrad();
        return parameters.ToDictionary(p => p.Key, p => p.Value * FactorOf(p.Key, factor));
    }

    // Refiner weights map latents to latents and stay unchanged.
    private static double FactorOf(string name, double factor) => name switch
    {
        "decoder.conv_in.conv.weight" => 1 / factor,
        "encoder.conv_out.conv.weight" or "encoder.conv_out.conv.bias" or "quantize.embedding.weight" => factor,
        _ when IsRefinerBias(name) => factor,
        _ => 1,
    };

    private static bool IsRefinerBias(string name) =>
        name.StartsWith("quantize.quant_resi.", StringComparison.Ordinal) && name.EndsWith(".bias", StringComparison.Ordinal);
}
