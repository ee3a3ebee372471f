using BenchmarkDotNet.Attributes;
using Nvg.Torch;

namespace Nvg.Benchmarks;

/// <summary>One forward pass of the content generator; two sequences are an image with guidance.</summary>
public class ContentPassBenchmarks
{
    private NvgModel _model = null!;
    private GeneratorInputs _inputs = null!;

    /// <summary>The model.</summary>
    [Params(BenchmarkModel.Small, BenchmarkModel.D16)]
    public string Model { get; set; } = BenchmarkModel.Small;

    /// <summary>Sequences of the pass.</summary>
    [Params(1, 2)]
    public int Sequences { get; set; }

    /// <summary>Creates the model and the inputs.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        _model = BenchmarkModel.Create(Model);
        _inputs = BenchmarkModel.Inputs(_model, Sequences);
    }

    /// <summary>Frees them.</summary>
    [GlobalCleanup]
    public void CleanUp()
    {
        _inputs.Dispose();
        _model.Dispose();
    }

    /// <summary>The predicted final canvas.</summary>
    [Benchmark(Baseline = true)]
    public void PredictFinalCanvas()
    {
        using InferenceMode inference = Autograd.Inference();
        _model.Generator.Content.PredictFinalCanvas(_inputs.Canvas_NLC, _inputs.Structure_NLK, _inputs.Stage_N, _inputs.Class_N).Dispose();
    }
}
