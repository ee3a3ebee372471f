using System.Diagnostics;
using Nvg.Conditioning;
using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Sampling;
using Nvg.Torch;

namespace Nvg.Evaluation.Studies;

/// <summary>What one image costs.</summary>
/// <param name="ContentParameters">Learned numbers of the content generator.</param>
/// <param name="StructureParameters">Learned numbers of the structure generator.</param>
/// <param name="ContentSeconds">Time of an image whose structure is given: content and decoder.</param>
/// <param name="Seconds">Time of a whole image.</param>
/// <param name="ContentHostPeakMiB">
/// Most memory of the process on the host, parameters on the CPU included and memory of a GPU not, while structure is given;
/// null where the system does not say. What the process held before counts too.
/// </param>
/// <param name="HostPeakMiB">The same while structure is generated too.</param>
public sealed record GenerationCost(
    long ContentParameters, long StructureParameters, double ContentSeconds, double Seconds, double? ContentHostPeakMiB, double? HostPeakMiB)
{
    /// <summary>Time that generating the structure adds; null where it is less than the scatter, so that the whole came out no slower.</summary>
    public double? StructureSeconds => Seconds > ContentSeconds ? Seconds - ContentSeconds : null;

    /// <summary>Measures single images: whole ones, and ones along given structure; the difference is the structure's.</summary>
    /// <param name="model">With generators; borrowed.</param>
    /// <param name="options">How to draw.</param>
    /// <param name="repeat">Timed images of each kind, after one that warms up; the fastest counts.</param>
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
            GeneratorParameters.OfContent(model.Generator), GeneratorParameters.OfStructure(model.Generator), content, whole, contentPeak, peak);
    }

    private static (double Seconds, double? PeakMiB) Best(NvgModel model, SamplingOptions options, PartialSequence? given, int repeat, CancellationToken cancellation)
    {
        bool peaks = PeakMemory.TryReset();
        double best = double.PositiveInfinity;
        for (int i = 0; i <= repeat; i++)
        {
            long start = Stopwatch.GetTimestamp();
            using (SampledBatch sampled = model.Sample([new ImageRequest(0, (ulong)i) { Given = given }], options, cancellation: cancellation))
                model.Tokenizer.Decode(sampled.Canvas_BLC).Dispose();
            TorchRuntime.Synchronize(model.Device);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (i > 0)
                best = Math.Min(best, seconds);
        }

        return (best, peaks ? PeakMemory.ReadMiB() : null);
    }
}
