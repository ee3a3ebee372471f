using BenchmarkDotNet.Attributes;
using Nvg.Granularity;
using Nvg.Torch;
using Nvg.Torch.Optim;
using Nvg.Training.Optimization;
using Nvg.Training.Tasks.Generators;

namespace Nvg.Benchmarks;

/// <summary>A training step of both generators on two images: loss of all stages, gradients and AdamW.</summary>
public class TrainingStepBenchmarks
{
    private const int Images = 2;

    private NvgModel _model = null!;
    private AdamW _optimizer = null!;
    private GeneratorBatch _batch = null!;

    /// <summary>The model.</summary>
    [Params(BenchmarkModel.Small)]
    public string Model { get; set; } = BenchmarkModel.Small;

    /// <summary>Creates the model and a batch.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        using var random = new RandomGenerator(0);
        _model = BenchmarkModel.Create(Model);
        _optimizer = new AdamW(_model.Generator.Parameters);
        using Tensor latent_BLC = BenchmarkModel.Latents(_model, Images), class_B = Tensor.Zeros([Images], ScalarType.Int64);
        using Tensor structure_BSL = StructureConstruction.Build(latent_BLC);
        using GranularitySequence sequence = _model.Tokenizer.Quantizer.Quantize(latent_BLC, structure_BSL);
        _batch = GeneratorBatch.From(sequence, _model.Tokenizer.Quantizer, class_B, random);
    }

    /// <summary>Frees them.</summary>
    [GlobalCleanup]
    public void CleanUp()
    {
        _batch.Dispose();
        _optimizer.Dispose();
        _model.Dispose();
    }

    /// <summary>The loss alone.</summary>
    [Benchmark(Baseline = true)]
    public void Loss()
    {
        using GradMode noGrad = Autograd.NoGrad();
        using Tensor loss = Compute();
    }

    /// <summary>The whole step.</summary>
    [Benchmark]
    public void Step()
    {
        using Tensor loss = Compute();
        loss.Backward();
        _optimizer.Step(1e-4);
    }

    private Tensor Compute()
    {
        using var log = new LossLog();
        return new GeneratorLoss(_model.Generator).Compute(_batch, log);
    }
}
