using System.Security.Cryptography;
using System.Text;
using Nvg.Checkpoints;
using Nvg.Data;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Training;

/// <summary>Trains the tokenizer: pictures through encoder, quantizer and decoder and back (specification, section 3).</summary>
public sealed class TokenizerTraining : ITrainingTask
{
    // Pictures that the scale of the latent is measured on.
    private const int ScaleExamples = 1024, ScaleBatch = 32;

    private readonly TokenizerRunConfig _config;
    private readonly PackedDataset _data;
    private readonly Device _device;
    private readonly Tokenizer _tokenizer;

    /// <param name="config">Settings.</param>
    /// <param name="data">Pictures of the tokenizer's size; borrowed.</param>
    /// <param name="device">Where.</param>
    /// <exception cref="NvgDataException">The pictures have another size.</exception>
    public TokenizerTraining(TokenizerRunConfig config, PackedDataset data, Device device)
    {
        if (data.Size != config.Tokenizer.ImageSize)
            throw new NvgDataException($"the data set has pictures of {data.Size} × {data.Size}, the tokenizer takes {config.Tokenizer.ImageSize}: prepare it with --size {config.Tokenizer.ImageSize}");
        (_config, _data, _device) = (config, data, device);
        _tokenizer = new Tokenizer(config.Tokenizer, ParameterSource.Random(config.Training.Seed, device));
        Fingerprint = FingerprintOf(NvgJson.Write(config with { Training = config.Training.Identity }), data);
    }

    /// <inheritdoc/>
    public ParameterStore Parameters => _tokenizer.Parameters;

    /// <inheritdoc/>
    public int ExampleCount => _data.Count;

    /// <inheritdoc/>
    public string Fingerprint { get; }

    /// <inheritdoc/>
    public Tensor Loss(long step, IReadOnlyList<int> examples, Generator random, LossLog log)
    {
        using var scope = new TensorScope();
        Tensor images = PictureBatch.Load(_data, examples, RandomCrops(examples.Count, random), _device);
        ReviveDeadCodes(step, images, random, log);
        Tensor latent_BLC = Positions.FromMap(_tokenizer.Encoder.Forward(images));
        Tensor structure_BSL = Structure(step, latent_BLC, images);
        using QuantizedLatent quantized = _tokenizer.Quantizer.Forward(latent_BLC, structure_BSL, warmUp: step < _config.Loss.WarmupSteps);
        Tensor decoded = _tokenizer.Decoder.Forward(Positions.ToMap(quantized.Output_BLC, _config.Tokenizer.Grid));
        Tensor l1 = Functional.MeanAbsoluteError(decoded, images);
        Tensor l2 = Functional.MeanSquaredError(decoded, images);
        log.Add("l1", l1);
        log.Add("l2", l2);
        log.Add("quantizer", quantized.Loss);
        LogCodebook(quantized, log);
        return scope.Keep(l1 * _config.Loss.L1 + l2 * _config.Loss.L2 + quantized.Loss * _config.Loss.Quantizer);
    }

    /// <inheritdoc/>
    public void Export(string folder, IReadOnlyDictionary<string, Tensor> parameters)
    {
        using var scope = new TensorScope();
        using var tokenizer = new Tokenizer(_config.Tokenizer, ParameterSource.From(parameters, device: _device));
        double scale = LatentScale.Measure(
            tokenizer, DataOrder.Spread(_data.Count, ScaleExamples).Chunk(ScaleBatch).Select(examples => PictureBatch.Load(_data, examples, device: _device)));
        IReadOnlyDictionary<string, Tensor> normalised = LatentScale.Rescale(parameters, scale > 0 ? 1 / scale : 1);
        NvgModel.Save(folder, new ModelConfig { Name = _config.Name, Tokenizer = _config.Tokenizer }, normalised, null, []);
    }

    /// <inheritdoc/>
    public void Dispose() => _tokenizer.Dispose();

    /// <summary>Identifies settings and data of a run.</summary>
    internal static string FingerprintOf(string settings, PackedDataset data, string more = "") =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{settings}\n{data.Fingerprint}\n{more}")));

    // Points that are not finite have no distances; the run diverged before any term of the loss could show it.
    private Tensor Structure(long step, Tensor latent_BLC, Tensor images)
    {
        using var scope = new TensorScope();
        if (latent_BLC.Detach().IsFinite().All().Item() == 0)
            throw TrainingDivergedException.At("latent", step + 1);
        return scope.Keep(_tokenizer.Structure.Build(latent_BLC, images, _config.Tokenizer.Grid).To(_device));
    }

    private Func<int, (int Left, int Top, bool Flip)> RandomCrops(int count, Generator random)
    {
        using Tensor draws = Tensor.Rand([count, 3], random);
        float[] u = draws.ToArray<float>();
        int room = _data.StoredSize - _data.Size + 1;
        return i => ((int)(u[3 * i] * room), (int)(u[3 * i + 1] * room), _config.Training.Flip && u[3 * i + 2] < 0.5f);
    }

    private void ReviveDeadCodes(long step, Tensor images, Generator random, LossLog log)
    {
        if (_config.Loss.ReviveEvery < 1 || step % _config.Loss.ReviveEvery != 0 || step >= _config.Loss.ReviveUntil)
            return;
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        Tensor latent_BLC = Positions.FromMap(_tokenizer.Encoder.Forward(images));
        int revived = _tokenizer.Quantizer.ReviveDeadCodes(latent_BLC, Structure(step, latent_BLC, images), random);
        log.Add("codebook_revived", Tensor.Scalar(revived));
    }

    // Share of codes that a batch uses, and the perplexity of their distribution, over all stages together.
    private void LogCodebook(QuantizedLatent quantized, LossLog log)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        Tensor tokens = Tensor.Cat([.. quantized.Content.Select(c => c.Reshape(-1))], 0);
        Tensor counts = tokens.BinCount(_config.Tokenizer.CodebookSize).To(ScalarType.Float32);
        Tensor share = counts / counts.Sum();
        log.Add("codebook_usage", counts.IsGreater(0).To(ScalarType.Float32).Mean());
        log.Add("codebook_perplexity", (-(share * share.Clamp(1e-12, null).Log()).Sum()).Exp());
    }
}
