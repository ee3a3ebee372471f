using BenchmarkDotNet.Attributes;
using Nvg.Torch;

namespace Nvg.Benchmarks;

/// <summary>Decoding one canvas, in float32 and in bfloat16.</summary>
public class DecodeBenchmarks
{
    private NvgModel _full = null!;
    private NvgModel _half = null!;
    private Tensor _canvas_BLC = null!;

    /// <summary>The model.</summary>
    [Params(BenchmarkModel.Small, BenchmarkModel.D16)]
    public string Model { get; set; } = BenchmarkModel.Small;

    /// <summary>Creates the models and a canvas.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        _full = BenchmarkModel.Create(Model);
        _half = BenchmarkModel.Create(Model, ScalarType.BFloat16);
        _canvas_BLC = BenchmarkModel.Latents(_full, 1);
    }

    /// <summary>Frees them.</summary>
    [GlobalCleanup]
    public void CleanUp()
    {
        _canvas_BLC.Dispose();
        _half.Dispose();
        _full.Dispose();
    }

    /// <summary>In float32.</summary>
    [Benchmark(Baseline = true)]
    public void Float32() => _full.Tokenizer.Decode(_canvas_BLC).Dispose();

    /// <summary>In bfloat16.</summary>
    [Benchmark]
    public void BFloat16() => _half.Tokenizer.Decode(_canvas_BLC).Dispose();
}
