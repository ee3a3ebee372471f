using BenchmarkDotNet.Attributes;
using Nvg.Granularity;
using Nvg.Granularity.Construction;
using Nvg.Torch;

namespace Nvg.Benchmarks;

/// <summary>Structure maps of one image from its latent: the native kernel, and the same pairs found in C#.</summary>
public class StructureConstructionBenchmarks
{
    private MatchingStrategy _managed = null!;
    private LatentGrid _grid;
    private Tensor _points_BLC = null!;
    private Tensor _images_BCHW = null!;

    /// <summary>Side of the latent grid: 16 and 32 are those of 256 and 512 pixels.</summary>
    [Params(8, 16, 32)]
    public int Side { get; set; }

    /// <summary>Draws a latent.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        using var random = new RandomGenerator(0);
        _managed = new MatchingStrategy(improve: false);
        _grid = new LatentGrid(Side, Side);
        _points_BLC = Tensor.Randn([1, _grid.Length, 32], random);
        _images_BCHW = Tensor.Zeros([1, 3, Side, Side]);
    }

    /// <summary>Frees the latent.</summary>
    [GlobalCleanup]
    public void CleanUp()
    {
        _points_BLC.Dispose();
        _images_BCHW.Dispose();
        _managed.Dispose();
    }

    /// <summary>Greedy clustering in C#.</summary>
    [Benchmark(Baseline = true)]
    public void Managed() => _managed.Build(_points_BLC, _images_BCHW, _grid).Dispose();

    /// <summary>Greedy clustering by the native kernel.</summary>
    [Benchmark]
    public void Native() => StructureConstruction.Build(_points_BLC).Dispose();
}
