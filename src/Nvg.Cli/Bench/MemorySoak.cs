using Nvg.Sampling;
using Nvg.Torch;

namespace Nvg.Cli.Bench;

/// <summary>Generates images one after another in one process and watches what stays behind.</summary>
public static class MemorySoak
{
    private const int Points = 10;

    /// <summary>Generates; gives a point after the first call and then at even distances.</summary>
    /// <param name="model">Borrowed.</param>
    /// <param name="calls">Images in all.</param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    public static IEnumerable<SoakPoint> Run(NvgModel model, int calls, CancellationToken cancellation = default)
    {
        for (int call = 1; call <= calls; call++)
        {
            int number = (call - 1) % model.GeneratorConfig.ClassCount;
            using (SampledBatch sampled = model.Sample([new ImageRequest(number, (ulong)call)], cancellation: cancellation))
                model.Tokenizer.Decode(sampled.Canvas_BLC).Dispose();
            if (call == 1 || call % Math.Max(1, calls / Points) == 0)
                yield return new SoakPoint(call, Tensor.LiveCount, Environment.WorkingSet / (1024.0 * 1024));
        }
    }
}
