using BenchmarkDotNet.Attributes;
using Nvg.Torch;

namespace Nvg.Benchmarks;

/// <summary>A whole image with the published settings, decoding included, in float32 and in bfloat16.</summary>
public class WholeImageBenchmarks
{
    private NvgModel _full = null!;
    private NvgModel _half = null!;

    /// <summary>The model.</summary>
    [Params(BenchmarkModel.Small, BenchmarkModel.D16)]
    public string Model { get; set; } = BenchmarkModel.Small;

    /// <summary>Creates the models.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        _full = BenchmarkModel.Create(Model);
        _half = BenchmarkModel.Create(Model, ScalarType.BFloat16);
    }

    /// <summary>Frees them.</summary>
    [GlobalCleanup]
    public void CleanUp()
    {
        _half.Dispose();
        _full.Dispose();
    }

    /// <summary>In float32.</summary>
    [Benchmark(Baseline = true)]
    public int Float32() => Generate(_full);

    /// <summary>In bfloat16.</summary>
    [Benchmark]
    public int BFloat16() => Generate(_half);

    private static int Generate(NvgModel model) =>
        model.Generate(new GenerationRequest { Images = [new ImageRequest(0, Seed: 1)] }).Count();
}
