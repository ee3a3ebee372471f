using System.Security.Cryptography;
using System.Text;
using Nvg.Checkpoints;
using Nvg.Data;
using Nvg.Granularity;
using Nvg.Rendering;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Distributed;

namespace Nvg.Training;

/// <summary>Trains the tokenizer: pictures through encoder, quantizer and decoder and back (specification, section 3).</summary>
public sealed class TokenizerTraining : ITrainingTask
{
    // Pictures that the scale of the latent is measured on.
    private const int ScaleExamples = 1024, ScaleBatch = 32;
    private const int PreviewExamples = 8;

    private readonly TokenizerRunConfig _config;
    private readonly PackedDataset _data;
    private readonly Device _device;
    private readonly Tokenizer _tokenizer;
    private readonly TrainingProcesses _processes;

    /// <param name="config">Settings.</param>
    /// <param name="data">Pictures of the tokenizer's size; borrowed.</param>
    /// <param name="device">Where.</param>
    /// <param name="processes">Those that train together; borrowed. Null for this one alone.</param>
    /// <exception cref="NvgDataException">The pictures have another size.</exception>
    public TokenizerTraining(TokenizerRunConfig config, PackedDataset data, Device device, TrainingProcesses? processes = null)
    {
        if (data.Size != config.Tokenizer.ImageSize)
            throw new NvgDataException($"the data set has pictures of {data.Size} × {data.Size}, the tokenizer takes {config.Tokenizer.ImageSize}: prepare it with --size {config.Tokenizer.ImageSize}");
        (_config, _data, _device, _processes) = (config, data, device, processes ?? TrainingProcesses.Single);
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
        BatchShare share = _processes.ShareOf(examples.Count);
        Tensor images = PictureBatch.Load(_data, share.Of(examples), RandomCrops(share, random), _device);
        ReviveDeadCodes(step, images, share, random, log);
        Tensor latent_BLC = Positions.FromMap(_tokenizer.Encoder.Forward(images));
        Tensor structure_BSL = Structure(step, latent_BLC);
        using QuantizedLatent quantized = _tokenizer.Quantizer.Forward(latent_BLC, structure_BSL, warmUp: step < _config.Loss.WarmupSteps);
        Tensor decoded = _tokenizer.Decoder.Forward(Positions.ToMap(quantized.Output_BLC, _config.Tokenizer.Grid));
        Tensor l1 = Functional.MeanAbsoluteError(decoded, images);
        Tensor l2 = Functional.MeanSquaredError(decoded, images);
        log.Add("l1", l1);
        log.Add("l2", l2);
        log.Add("quantizer", quantized.Loss);
        for (int stage = 0; stage < quantized.StageLosses.Count; stage++)
            log.Add($"quantizer_{stage}", quantized.StageLosses[stage]);
        LogCodebook(quantized, log);
        return scope.Keep(l1 * _config.Loss.L1 + l2 * _config.Loss.L2 + quantized.Loss * _config.Loss.Quantizer);
    }

    /// <summary>Pictures of the data set above, their reconstructions below.</summary>
    /// <inheritdoc/>
    public RgbImage? Preview(IReadOnlyDictionary<string, Tensor> parameters)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        using var tokenizer = new Tokenizer(_config.Tokenizer, ParameterSource.From(parameters, device: _device));
        Tensor images = PictureBatch.Load(_data, DataOrder.Spread(_data.Count, PreviewExamples), device: _device);
        using GranularitySequence sequence = tokenizer.Encode(images);
        Tensor canvas_BLC = tokenizer.Quantizer.Canvases(sequence).Select(1, _config.Tokenizer.Grid.StageCount);
        RgbImage[] pictures = [.. PictureBatch.ToPictures(images), .. PictureBatch.ToPictures(tokenizer.Decode(canvas_BLC))];
        return PictureGrid.Compose(pictures, columns: pictures.Length / 2, enlargement: PictureGrid.ComfortableEnlargement(pictures[0], pictures.Length));
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
    private Tensor Structure(long step, Tensor latent_BLC)
    {
        using var scope = new TensorScope();
        if (latent_BLC.Detach().IsFinite().All().Item() == 0)
            throw TrainingDivergedException.At("latent", step + 1);
        return scope.Keep(StructureConstruction.Build(latent_BLC).To(_device));
    }

    // Draws for the whole batch, whatever the number of processes: an example is cut the same way in any of them.
    private Func<int, (int Left, int Top, bool Flip)> RandomCrops(BatchShare share, Generator random)
    {
        using Tensor draws = Tensor.Rand([share.Total, 3], random);
        using Tensor own = share.Of(draws);
        float[] u = own.ToArray<float>();
        int room = _data.StoredSize - _data.Size + 1;
        return i => ((int)(u[3 * i] * room), (int)(u[3 * i + 1] * room), _config.Training.Flip && u[3 * i + 2] < 0.5f);
    }

    // On the latents of all processes, so that a code is dead only if none of them uses it.
    private void ReviveDeadCodes(long step, Tensor images, BatchShare share, Generator random, LossLog log)
    {
        if (_config.Loss.ReviveEvery < 1 || step % _config.Loss.ReviveEvery != 0 || step >= _config.Loss.ReviveUntil)
            return;
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        Tensor latent_BLC = _processes.Gather(Positions.FromMap(_tokenizer.Encoder.Forward(images)), share.Total);
        int revived = _tokenizer.Quantizer.ReviveDeadCodes(latent_BLC, Structure(step, latent_BLC), random);
        // Processors may round differently, and a code be dead on one of them alone.
        _processes.Broadcast([_tokenizer.Quantizer.Codebook]);
        log.Add("codebook_revived", Tensor.Scalar(revived));
    }

    // Share of codes that a batch uses, and the perplexity of their distribution, over all stages and processes together.
    private void LogCodebook(QuantizedLatent quantized, LossLog log)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        Tensor tokens = Tensor.Cat([.. quantized.Content.Select(c => c.Reshape(-1))], 0);
        Tensor counts = tokens.BinCount(_config.Tokenizer.CodebookSize).To(ScalarType.Float32);
        _processes.SumInPlace(counts);
        Tensor share = counts / counts.Sum();
        log.Add("codebook_usage", counts.IsGreater(0).To(ScalarType.Float32).Mean());
        log.Add("codebook_perplexity", (-(share * share.Clamp(1e-12, null).Log()).Sum()).Exp());
    }
}
