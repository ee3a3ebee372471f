using System.Diagnostics;
using Nvg.Conditioning;
using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Sampling;
using Nvg.Torch;

namespace Nvg.Evaluation.Studies;

/// <summary>Cost of generating one image.</summary>
/// <param name="ContentParameters">Parameters of the content generator.</param>
/// <param name="StructureParameters">Parameters of the structure generator.</param>
/// <param name="ContentSeconds">Time of an image with given structure: content generator and decoder.</param>
/// <param name="Seconds">Time of an image with generated structure.</param>
/// <param name="ContentHostPeakMiB">
/// Peak host memory of the process with given structure, including parameters on the CPU but not GPU memory; null if
/// unknown. Memory that the process held before counts as well.
/// </param>
/// <param name="HostPeakMiB">Peak host memory with generated structure.</param>
public sealed record GenerationCost(
    long ContentParameters, long StructureParameters, double ContentSeconds, double Seconds, double? ContentHostPeakMiB,
    double? HostPeakMiB)
{
    /// <summary>
    /// Time added by generating the structure; null if it is below the noise, that is, if the whole image was not slower.
    /// </summary>
    public double? StructureSeconds => Seconds > ContentSeconds ? Seconds - ContentSeconds : null;

    /// <summary>Measures single images with and without given structure; the difference is the cost of the structure.</summary>
    /// <param name="model">A model with a generator; borrowed.</param>
    /// <param name="options">Sampling options.</param>
    /// <param name="repeat">Timed images of each kind after a warm-up; the fastest one counts.</param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    public static GenerationCost Measure(NvgModel model, SamplingOptions options, int repeat, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(repeat, 1);
        LatentGrid grid = model.GeneratorConfig.Grid;
        using var random = new RandomGenerator(0);
        using Tensor points_BLC = Tensor.Randn([1, grid.Length, model.Config.Tokenizer.LatentChannels], random);
        using Tensor built_BSL = StructureConstruction.Build(points_BLC);
        var structure = PartialSequence.FromStructure(grid, Array.ConvertAll(built_BSL.ToArray<long>(), label => (int)label));
        (double content, double? contentPeak) = Best(model, options, structure, repeat, cancellation);
        (double whole, double? peak) = Best(model, options, null, repeat, cancellation);
        return new GenerationCost(
            GeneratorParameters.OfContent(model.Generator), GeneratorParameters.OfStructure(model.Generator), content, whole, contentPeak,
            peak);
    }

    private static (double Seconds, double? PeakMiB) Best(
        NvgModel model, SamplingOptions options, PartialSequence? given, int repeat, CancellationToken cancellation)
    {
        bool peaks = PeakMemory.TryReset();
        double best = double.PositiveInfinity;
        for (int i = 0; i <= repeat; i++)
        {
            long start = Stopwatch.GetTimestamp();
            model.GenerateAndDiscard([new ImageRequest(0, (ulong)i) { Given = given }], options, cancellation);
            TorchRuntime.Synchronize(model.Device);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (i > 0)
                best = Math.Min(best, seconds);
        }

        return (best, peaks ? PeakMemory.ReadMiB() : null);
    }
}
