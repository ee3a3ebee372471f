using Nvg.Data.Datasets;
using Nvg.Data.Loading;
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
using Nvg.Training.Tasks.Tokenizers;
using Nvg.Var;
using Nvg.Var.Tokenizers;

namespace Nvg.Training.Tasks.Var;

/// <summary>Trains VAR's tokenizer: images through encoder, quantizer and decoder, with the terms of NVG's tokenizer.</summary>
public sealed class VarTokenizerTraining : ITrainingTask
{
    private readonly VarTokenizerRunConfig _config;
    private readonly IImageDataset _data;
    private readonly Device _device;
    private readonly TrainingProcesses _processes;
    private readonly OwnedObjects _owned = new();
    private readonly VarTokenizer _tokenizer;
    private readonly ImageLoader _images;
    private readonly AdversarialGame? _game;
    private readonly ReconstructionLoss _loss;
    private readonly string[] _learned;

    /// <param name="config">Settings.</param>
    /// <param name="data">Images of the tokenizer's size; borrowed.</param>
    /// <param name="device">The training device.</param>
    /// <param name="processes">The processes that train together; borrowed. Null for a single process.</param>
    /// <exception cref="NvgDataException">The images have another size, or pretrained weights cannot be used.</exception>
    public VarTokenizerTraining(VarTokenizerRunConfig config, IImageDataset data, Device device, TrainingProcesses? processes = null)
    {
        DataRequirements.RequireSize(data, config.Tokenizer.ImageSize, "tokenizer");
        (_config, _data, _device, _processes) = (config, data, device, processes ?? TrainingProcesses.Single);
        ulong seed = config.Training.Seed;
        using OwnedObjects.Construction construction = _owned.Construct();
        _tokenizer = _owned.Add(new VarTokenizer(config.Tokenizer, ParameterSource.Random(seed, device)));
        _learned = [.. _tokenizer.Parameters.TrainableNames];
        string? start = config.Start is null ? null : VarTokenizerStart.Copy(_tokenizer, config.Start);
        IPerceptualDistance? perceptual = config.Loss.Perceptual is { } options ? _owned.Add(options.Load(device)) : null;
        if (config.Loss.Adversarial is { } adversarial)
            _game = _owned.Add(new AdversarialGame(adversarial, _tokenizer.Parameters, seed, device, _processes));
        _loss = new ReconstructionLoss(config.Loss, perceptual, _game);
        Fingerprint = RunIdentity.Of(config, data, $"{start}{perceptual?.Fingerprint}{_game?.Fingerprint}");
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
        int[] own = share.Of(examples);
        Tensor images = _images.Load(step, own);
        ReviveDeadCodes(step, images, share, random, log);
        Tensor latent = _tokenizer.Latent(images);
        if (latent.Detach().IsFinite().All().Item() == 0)
            throw TrainingDivergedException.At("latent", step + 1);
        using QuantizedLatent quantized = _tokenizer.Quantizer.Forward(
            latent, warmUp: step < _config.Loss.WarmupSteps, LastScales(step, own));
        Tensor decoded = _tokenizer.DecodeUnclamped(quantized.Output);
        foreach ((int scale, Tensor tokens) in quantized.Content.Index())
            log.AddCodes(scale, tokens, _config.Tokenizer.CodebookSize);
        return scope.Keep(_loss.Compute(step, images, decoded, quantized.Loss, quantized.StageLosses, share, random, log));
    }

    /// <summary>Images of the data set in the upper row, their reconstructions in the lower.</summary>
    /// <inheritdoc/>
    public RgbImage? Preview(IReadOnlyDictionary<string, Tensor> parameters)
    {
        using var scope = new TensorScope();
        using var tokenizer = new VarTokenizer(_config.Tokenizer, ParameterSource.From(parameters, device: _device));
        return ReconstructionPreview.Draw(tokenizer, _data);
    }

    /// <inheritdoc/>
    public void Export(string folder, IReadOnlyDictionary<string, Tensor> parameters) =>
        VarModel.Save(folder, new VarModelConfig { Name = _config.Name, Tokenizer = _config.Tokenizer }, parameters, null, []);

    /// <inheritdoc/>
    public void Dispose() => _owned.Dispose();

    private ImageCrop CropOf(long step, int example)
    {
        TrainingOptions training = _config.Training;
        return (_config.Crop ?? new()).Draw(training.Seed, step, example, training.IsMirrored, training.IsTurned);
    }

    // The last scale of each image that the decoder sees; null if it sees all scales.
    private int[]? LastScales(long step, IReadOnlyList<int> examples)
    {
        if (_config.Loss.StageDropout == 0)
            return null;
        int scales = _tokenizer.Quantizer.Scales.Count;
        return [.. examples.Select(example =>
        {
            var random = new HostRandom(RandomSeed.Of(_config.Training.Seed, step, RandomStream.StageDropout, example));
            return random.Next() < _config.Loss.StageDropout ? random.Next(scales) : scales - 1;
        })];
    }

    // Uses the latents of all processes, so that a code is dead only if no process uses it.
    private void ReviveDeadCodes(long step, Tensor images, BatchShare share, RandomGenerator random, LossLog log)
    {
        if (_config.Loss.ReviveEvery < 1 || step % _config.Loss.ReviveEvery != 0 || step >= _config.Loss.ReviveUntil)
            return;
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        Tensor latent = _processes.Gather(_tokenizer.Latent(images), share.Total);
        int revived = _tokenizer.Quantizer.ReviveDeadCodes(latent, random);
        // Machines may round differently, so a code may be dead on only one of them.
        _processes.Broadcast([_tokenizer.Quantizer.Codebook]);
        log.Add("codebook_revived", Tensor.Scalar(revived));
    }
}
