using BenchmarkDotNet.Attributes;
using Nvg.Granularity;
using Nvg.Torch;

namespace Nvg.Benchmarks;

/// <summary>One forward pass of the structure generator, an Euler step of its flow; two sequences are an image with guidance.</summary>
public class StructurePassBenchmarks
{
    private NvgModel _model = null!;
    private GeneratorInputs _inputs = null!;
    private Tensor _z_NLK = null!;
    private Tensor _time_N = null!;

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
        using var random = new RandomGenerator(0);
        _model = BenchmarkModel.Create(Model);
        _inputs = BenchmarkModel.Inputs(_model, Sequences);
        LatentGrid grid = _model.Config.Tokenizer.Grid;
        _z_NLK = Tensor.Randn([Sequences, grid.Length, grid.LastStage], random);
        _time_N = Tensor.Full([Sequences], 0.5);
    }

    /// <summary>Frees them.</summary>
    [GlobalCleanup]
    public void CleanUp()
    {
        _time_N.Dispose();
        _z_NLK.Dispose();
        _inputs.Dispose();
        _model.Dispose();
    }

    /// <summary>The velocity.</summary>
    [Benchmark(Baseline = true)]
    public void PredictVelocity()
    {
        using InferenceMode inference = Autograd.Inference();
        _model.Generator.Structure.PredictVelocity(
            _z_NLK, _inputs.Canvas_NLC, _inputs.Structure_NLK, _inputs.Stage_N, _time_N, _inputs.Class_N).Dispose();
    }
}
