using System.Security.Cryptography;
using System.Text;
using Nvg.Checkpoints;
using Nvg.Configuration;
using Nvg.Data.Datasets;
using Nvg.Data.Loading;
using Nvg.Granularity;
using Nvg.Imaging;
using Nvg.Pretrained;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Adversarial;
using Nvg.Training.Distributed;
using Nvg.Training.Loop;
using Nvg.Training.Optimization;

namespace Nvg.Training.Tasks.Tokenizers;

/// <summary>Trains the tokenizer: images through encoder, quantizer and decoder and back (specification, section 3).</summary>
public sealed class TokenizerTraining : ITrainingTask
{
    // Images that the scale of the latent is measured on.
    private const int ScaleExamples = 1024, ScaleBatch = 32;
    private const int PreviewExamples = 8;

    private readonly TokenizerRunConfig _config;
    private readonly IImageDataset _data;
    private readonly Device _device;
    private readonly Tokenizer _tokenizer;
    private readonly TrainingProcesses _processes;
    private readonly ImageLoader _images;
    private readonly PerceptualDistance? _perceptual;
    private readonly AdversarialGame? _game;
    private readonly string[] _learned;

    /// <param name="config">Settings.</param>
    /// <param name="data">Images of the tokenizer's size; borrowed.</param>
    /// <param name="device">Where.</param>
    /// <param name="processes">Those that train together; borrowed. Null for this one alone.</param>
    /// <exception cref="NvgDataException">The images have another size.</exception>
    public TokenizerTraining(TokenizerRunConfig config, IImageDataset data, Device device, TrainingProcesses? processes = null)
    {
        if (data.Size != config.Tokenizer.ImageSize)
            throw new NvgDataException($"the data set has images of {data.Size} × {data.Size}, the tokenizer takes {config.Tokenizer.ImageSize}: prepare it with --size {config.Tokenizer.ImageSize}");
        (_config, _data, _device, _processes) = (config, data, device, processes ?? TrainingProcesses.Single);
        TokenizerLossOptions loss = config.Loss;
        CropOptions crop = config.Crop ?? new();
        _tokenizer = new Tokenizer(config.Tokenizer, ParameterSource.Random(config.Training.Seed, device));
        _learned = [.. _tokenizer.Parameters.TrainableNames];
        try
        {
            if (loss.Perceptual is { } perceptual)
                _perceptual = PerceptualDistance.Load(perceptual.Backbone, perceptual.Weights, perceptual.LinearWeights, device);
            if (loss.Adversarial is { } adversarial)
                _game = new AdversarialGame(adversarial, _tokenizer.Parameters, config.Training.Seed, device, _processes);
            // Weights of others count by what is in them, not by where they lie.
            TokenizerLossOptions settings = loss with
            {
                Perceptual = loss.Perceptual is { } p ? p with { Weights = "", LinearWeights = "" } : null,
                Adversarial = loss.Adversarial is { } a ? a with { DinoWeights = null } : null,
            };
            Fingerprint = FingerprintOf(NvgJson.Write(config with { Training = config.Training.Identity, Loss = settings }), data, $"{_perceptual?.Fingerprint}{_game?.Fingerprint}");
            _images = new ImageLoader(data, (step, example) => crop.Draw(config.Training.Seed, step, example, config.Training.Flip), device);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public ParameterStore Parameters => _tokenizer.Parameters;

    /// <inheritdoc/>
    public IReadOnlyList<ParameterGroup> Groups => _game is null ? [new("", _learned)] : [new("", _learned), _game.Group];

    /// <inheritdoc/>
    public int ExampleCount => _data.Count;

    /// <inheritdoc/>
    public string Fingerprint { get; }

    /// <inheritdoc/>
    public bool IsAveraged(string name) => !name.StartsWith(AdversarialGame.Prefix, StringComparison.Ordinal);

    /// <inheritdoc/>
    public void Prefetch(long step, IReadOnlyList<int> examples) => _images.Prefetch(step, _processes.ShareOf(examples.Count).Of(examples));

    /// <inheritdoc/>
    public Tensor Loss(long step, IReadOnlyList<int> examples, BatchShare share, RandomGenerator random, LossLog log)
    {
        using var scope = new TensorScope();
        TokenizerLossOptions weights = _config.Loss;
        int[] own = share.Of(examples);
        Tensor images = _images.Load(step, own);
        ReviveDeadCodes(step, images, share, random, log);
        Tensor latent_BLC = Positions.FromMap(_tokenizer.Encoder.Forward(images));
        using QuantizedLatent quantized = _tokenizer.Quantizer.Forward(latent_BLC, Structure(step, latent_BLC, images), warmUp: step < weights.WarmupSteps, LastStages(step, own));
        Tensor decoded = _tokenizer.Decoder.Forward(Positions.ToMap(quantized.Output_BLC, _config.Tokenizer.Grid));

        Tensor l1 = Functional.MeanAbsoluteError(decoded, images);
        Tensor l2 = Functional.MeanSquaredError(decoded, images);
        Tensor loss = l1 * weights.L1 + l2 * weights.L2 + quantized.Loss * weights.Quantizer;
        log.Add("l1", l1);
        log.Add("l2", l2);
        log.Add("quantizer", quantized.Loss);
        for (int stage = 0; stage < quantized.StageLosses.Count; stage++)
            log.Add($"quantizer_{stage}", quantized.StageLosses[stage]);
        if (_perceptual is not null)
        {
            Tensor perceptual = _perceptual.Forward(decoded, images).Mean();
            log.Add("perceptual", perceptual);
            loss += perceptual * weights.Perceptual!.Weight;
        }

        if (_game?.Loss(step, images, decoded, share, random, log) is { } game)
            loss += game;
        LogCodebook(quantized, log);
        return scope.Keep(loss);
    }

    /// <summary>Images of the data set above, their reconstructions below.</summary>
    /// <inheritdoc/>
    public RgbImage? Preview(IReadOnlyDictionary<string, Tensor> parameters)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        using var tokenizer = new Tokenizer(_config.Tokenizer, ParameterSource.From(parameters, device: _device));
        Tensor images_BCHW = DatasetBatch.Load(_data, DataOrder.Spread(_data.Count, PreviewExamples), device: _device);
        using GranularitySequence sequence = tokenizer.Encode(images_BCHW);
        Tensor canvas_BLC = tokenizer.Quantizer.Canvases(sequence).Select(1, _config.Tokenizer.Grid.StageCount);
        RgbImage[] images = [.. ImageTensor.ToImages(images_BCHW), .. ImageTensor.ToImages(tokenizer.Decode(canvas_BLC))];
        return ImageGrid.Compose(images, columns: images.Length / 2, enlargement: ImageGrid.ComfortableEnlargement(images[0], images.Length));
    }

    /// <inheritdoc/>
    public void Export(string folder, IReadOnlyDictionary<string, Tensor> parameters)
    {
        using var scope = new TensorScope();
        using var tokenizer = new Tokenizer(_config.Tokenizer, ParameterSource.From(parameters, device: _device));
        double scale = LatentScale.Measure(
            tokenizer, DataOrder.Spread(_data.Count, ScaleExamples).Chunk(ScaleBatch).Select(examples => DatasetBatch.Load(_data, examples, device: _device)));
        IReadOnlyDictionary<string, Tensor> normalised = LatentScale.Rescale(parameters, scale > 0 ? 1 / scale : 1);
        NvgModel.Save(folder, new ModelConfig { Name = _config.Name, Tokenizer = _config.Tokenizer }, normalised, null, []);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Null after a constructor that failed.
        _images?.Dispose();
        _game?.Dispose();
        _perceptual?.Dispose();
        _tokenizer.Dispose();
    }

    /// <summary>Identifies settings and data of a run.</summary>
    internal static string FingerprintOf(string settings, IImageDataset data, string more = "") =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{settings}\n{data.Fingerprint}\n{more}")));

    // Points that are not finite have no distances; the run diverged before any term of the loss could show it.
    private Tensor Structure(long step, Tensor latent_BLC, Tensor images)
    {
        using var scope = new TensorScope();
        // Clustering is the host's, so the device is waited for here in any case: once.
        Tensor points_BLC = latent_BLC.Detach().To(Device.Cpu);
        if (points_BLC.IsFinite().All().Item() == 0)
            throw TrainingDivergedException.At("latent", step + 1);
        return scope.Keep(_tokenizer.Structure.Build(points_BLC, images, _config.Tokenizer.Grid).Send(_device));
    }

    // Where the decoder's view of each image ends; null for nowhere.
    private int[]? LastStages(long step, IReadOnlyList<int> examples)
    {
        if (_config.Loss.StageDropout == 0)
            return null;
        int stages = _config.Tokenizer.Grid.StageCount;
        return [.. examples.Select(example =>
        {
            var random = new HostRandom(DataOrder.Mix(DataOrder.Mix(_config.Training.Seed, step, purpose: 3), example));
            return random.Next() < _config.Loss.StageDropout ? random.Next(stages) : stages - 1;
        })];
    }

    // On the latents of all processes, so that a code is dead only if none of them uses it. Every process's share is computed
    // at once then: settings that ask for parts are refused.
    private void ReviveDeadCodes(long step, Tensor images, BatchShare share, RandomGenerator random, LossLog log)
    {
        if (_config.Loss.ReviveEvery < 1 || step % _config.Loss.ReviveEvery != 0 || step >= _config.Loss.ReviveUntil)
            return;
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        Tensor latent_BLC = _processes.Gather(Positions.FromMap(_tokenizer.Encoder.Forward(images)), share.Total);
        int revived = _tokenizer.Quantizer.ReviveDeadCodes(latent_BLC, Structure(step, latent_BLC, _processes.Gather(images, share.Total)), random);
        // Processors may round differently, and a code be dead on one of them alone.
        _processes.Broadcast([_tokenizer.Quantizer.Codebook]);
        log.Add("codebook_revived", Tensor.Scalar(revived));
    }

    // Of each stage: early ones have few tokens and use the codebook in their own way.
    private void LogCodebook(QuantizedLatent quantized, LossLog log)
    {
        foreach ((int stage, Tensor tokens_BN) in quantized.Content.Index())
            log.AddCodes(stage, tokens_BN, _config.Tokenizer.CodebookSize);
    }
}
