using BenchmarkDotNet.Attributes;
using Nvg.Granularity;
using Nvg.Torch;

namespace Nvg.Benchmarks;

/// <summary>Residual quantization of one latent, with gradients as in training and without.</summary>
public class QuantizerBenchmarks
{
    private NvgModel _model = null!;
    private Tensor _latent_BLC = null!;
    private Tensor _structure_BSL = null!;

    /// <summary>The model.</summary>
    [Params(BenchmarkModel.Small, BenchmarkModel.D16)]
    public string Model { get; set; } = BenchmarkModel.Small;

    /// <summary>Creates the model and a latent.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        _model = BenchmarkModel.Create(Model);
        _model.Tokenizer.Parameters.SetRequiresGrad(true);
        _latent_BLC = BenchmarkModel.Latents(_model, 1);
        _structure_BSL = StructureConstruction.Build(_latent_BLC);
    }

    /// <summary>Frees them.</summary>
    [GlobalCleanup]
    public void CleanUp()
    {
        _structure_BSL.Dispose();
        _latent_BLC.Dispose();
        _model.Dispose();
    }

    /// <summary>Tokens alone.</summary>
    [Benchmark(Baseline = true)]
    public void Quantize() => _model.Tokenizer.Quantizer.Quantize(_latent_BLC, _structure_BSL).Dispose();

    /// <summary>Tokens, losses and the gradients of codebook and refiners.</summary>
    [Benchmark]
    public void ForwardAndBackward()
    {
        using var scope = new TensorScope();
        using var quantized = _model.Tokenizer.Quantizer.Forward(_latent_BLC, _structure_BSL, warmUp: false);
        quantized.Loss.Backward();
    }
}
