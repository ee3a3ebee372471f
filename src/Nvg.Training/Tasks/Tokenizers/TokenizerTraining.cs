using Nvg.Checkpoints;
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
using Nvg.Training.Ownership;
using Nvg.Training.Runs;

namespace Nvg.Training.Tasks.Tokenizers;

/// <summary>Trains the tokenizer: images through encoder, quantizer and decoder (docs/method.md, section 3.6).</summary>
public sealed class TokenizerTraining : ITrainingTask
{
    // Number of images for measuring the scale of the latent.
    private const int ScaleExamples = 1024, ScaleBatch = 32;
    private const string DecoderPrefix = "decoder.";

    private readonly TokenizerRunConfig _config;
    private readonly IImageDataset _data;
    private readonly Device _device;
    private readonly TrainingProcesses _processes;
    private readonly OwnedObjects _owned = new();
    private readonly Tokenizer _tokenizer;
    private readonly ImageLoader _images;
    private readonly IPerceptualDistance? _perceptual;
    private readonly AdversarialGame? _game;
    private readonly string[] _learned;

    /// <param name="config">Settings.</param>
    /// <param name="data">Images of the tokenizer's size; borrowed.</param>
    /// <param name="device">The training device.</param>
    /// <param name="processes">The processes that train together; borrowed. Null for a single process.</param>
    /// <exception cref="NvgDataException">The images have another size, or pretrained weights cannot be used.</exception>
    public TokenizerTraining(TokenizerRunConfig config, IImageDataset data, Device device, TrainingProcesses? processes = null)
    {
        DataRequirements.RequireSize(data, config.Tokenizer.ImageSize, "tokenizer");
        (_config, _data, _device, _processes) = (config, data, device, processes ?? TrainingProcesses.Single);
        ulong seed = config.Training.Seed;
        using OwnedObjects.Construction construction = _owned.Construct();
        _tokenizer = _owned.Add(new Tokenizer(config.Tokenizer, ParameterSource.Random(seed, device)));
        _learned = [.. _tokenizer.Parameters.TrainableNames.Where(IsLearned)];
        string? start = config.Start is null ? null : CopyStart(config.Start);
        if (config.Loss.Perceptual is { } perceptual)
            _perceptual = _owned.Add(perceptual.Load(device));
        if (config.Loss.Adversarial is { } adversarial)
            _game = _owned.Add(new AdversarialGame(adversarial, _tokenizer.Parameters, seed, device, _processes));
        Fingerprint = RunIdentity.Of(config, data, $"{start}{_perceptual?.Fingerprint}{_game?.Fingerprint}");
        _images = _owned.Add(new ImageLoader(data, CropOf, device));
        construction.Complete();
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
    public void Prefetch(long step, IReadOnlyList<int> examples) =>
        _images.Prefetch(step, _processes.ShareOf(examples.Count).Of(examples));

    /// <inheritdoc/>
    public Tensor Loss(long step, IReadOnlyList<int> examples, BatchShare share, RandomGenerator random, LossLog log)
    {
        using var scope = new TensorScope();
        TokenizerLossOptions weights = _config.Loss;
        int[] own = share.Of(examples);
        Tensor images = _images.Load(step, own);
        ReviveDeadCodes(step, images, share, random, log);
        Tensor latent_BLC = Positions.FromMap(_tokenizer.Encoder.Forward(images));
        Tensor structure_BSL = Structure(step, latent_BLC, images);
        using QuantizedLatent quantized = _tokenizer.Quantizer.Forward(
            latent_BLC, structure_BSL, warmUp: step < weights.WarmupSteps, LastStages(step, own));
        Tensor decoded = _tokenizer.Decoder.Forward(Positions.ToMap(quantized.Output, _config.Tokenizer.Grid));
        Tensor loss = new ReconstructionLoss(weights, _perceptual, _game).Compute(
            step, images, decoded, quantized.Loss, quantized.StageLosses, share, random, log);
        LogCodebook(quantized, log);
        return scope.Keep(loss);
    }

    /// <summary>Images of the data set in the upper row, their reconstructions in the lower row.</summary>
    /// <inheritdoc/>
    public RgbImage? Preview(IReadOnlyDictionary<string, Tensor> parameters)
    {
        using var scope = new TensorScope();
        using var tokenizer = new Tokenizer(_config.Tokenizer, ParameterSource.From(parameters, device: _device));
        return ReconstructionPreview.Draw(tokenizer, _data);
    }

    /// <inheritdoc/>
    public void Export(string folder, IReadOnlyDictionary<string, Tensor> parameters)
    {
        var config = new ModelConfig { Name = _config.Name, Tokenizer = _config.Tokenizer };
        if (_config.Parts == TokenizerParts.Decoder)
        {
            NvgModel.Save(folder, config, WithKeptWeights(parameters), null, []);
            return;
        }

        using var scope = new TensorScope();
        using var tokenizer = new Tokenizer(_config.Tokenizer, ParameterSource.From(parameters, device: _device));
        IEnumerable<int[]> batches = DataOrder.Spread(_data.Count, ScaleExamples).Chunk(ScaleBatch);
        double scale = LatentScale.Measure(tokenizer, batches.Select(examples => DatasetBatch.Load(_data, examples, device: _device)));
        IReadOnlyDictionary<string, Tensor> normalised = LatentScale.Rescale(parameters, scale > 0 ? 1 / scale : 1);
        NvgModel.Save(folder, config, normalised, null, []);
    }

    /// <inheritdoc/>
    public void Dispose() => _owned.Dispose();

    private ImageCrop CropOf(long step, int example)
    {
        TrainingOptions training = _config.Training;
        return (_config.Crop ?? new()).Draw(training.Seed, step, example, training.IsMirrored, training.IsTurned);
    }

    private bool IsLearned(string name) =>
        _config.Parts == TokenizerParts.All || name.StartsWith(DecoderPrefix, StringComparison.Ordinal);

    // Copies the weights of a model and returns its fingerprint.
    private string CopyStart(string folder)
    {
        using NvgModel start = NvgModel.Load(folder, _device, withGenerator: false);
        RunStart.RequireSettings(folder, start.Config.Tokenizer, _config.Tokenizer);
        _tokenizer.Parameters.CopyFrom(start.Tokenizer.Parameters);
        return start.Fingerprint();
    }

    // The average of weights that do not change may differ from them in the last digit, and so may a latent that is scaled again.
    // The tokens of existing generators stay valid only with exactly the same weights.
    private Dictionary<string, Tensor> WithKeptWeights(IReadOnlyDictionary<string, Tensor> averaged) =>
        averaged.ToDictionary(p => p.Key, p => IsLearned(p.Key) ? p.Value : _tokenizer.Parameters[p.Key]);

    // Clustering needs finite distances. A diverged latent shows here before it shows in any term of the loss.
    private Tensor Structure(long step, Tensor latent_BLC, Tensor images)
    {
        using var scope = new TensorScope();
        // Clustering runs on the CPU, so this is the one place where a step waits for the device.
        Tensor points_BLC = latent_BLC.Detach().To(Device.Cpu);
        if (points_BLC.IsFinite().All().Item() == 0)
            throw TrainingDivergedException.At("latent", step + 1);
        return scope.Keep(_tokenizer.Structure.Build(points_BLC, images, _config.Tokenizer.Grid).Send(_device));
    }

    // The last stage of each image that the decoder sees; null if it sees all stages.
    private int[]? LastStages(long step, IReadOnlyList<int> examples)
    {
        if (_config.Loss.StageDropout == 0)
            return null;
        int stages = _config.Tokenizer.Grid.StageCount;
        return [.. examples.Select(example =>
        {
            var random = new HostRandom(RandomSeed.Of(_config.Training.Seed, step, RandomStream.StageDropout, example));
            return random.Next() < _config.Loss.StageDropout ? random.Next(stages) : stages - 1;
        })];
    }

    // Uses the latents of all processes, so that a code is dead only if no process uses it. This needs whole shares, so
    // validation rejects it together with micro-batches.
    private void ReviveDeadCodes(long step, Tensor images, BatchShare share, RandomGenerator random, LossLog log)
    {
        if (_config.Loss.ReviveEvery < 1 || step % _config.Loss.ReviveEvery != 0 || step >= _config.Loss.ReviveUntil)
            return;
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        Tensor latent_BLC = _processes.Gather(Positions.FromMap(_tokenizer.Encoder.Forward(images)), share.Total);
        Tensor structure_BSL = Structure(step, latent_BLC, _processes.Gather(images, share.Total));
        int revived = _tokenizer.Quantizer.ReviveDeadCodes(latent_BLC, structure_BSL, random);
        // Machines may round differently, so a code may be dead on only one of them.
        _processes.Broadcast([_tokenizer.Quantizer.Codebook]);
        log.Add("codebook_revived", Tensor.Scalar(revived));
    }

    // Per stage: early stages have few tokens and use the codebook differently.
    private void LogCodebook(QuantizedLatent quantized, LossLog log)
    {
        foreach ((int stage, Tensor tokens_BN) in quantized.Content.Index())
            log.AddCodes(stage, tokens_BN, _config.Tokenizer.CodebookSize);
    }
}
