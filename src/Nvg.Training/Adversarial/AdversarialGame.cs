using Nvg.Pretrained;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Distributed;
using Nvg.Training.Optimization;

namespace Nvg.Training.Adversarial;

/// <summary>
/// The discriminator beside the tokenizer: its loss on real and reconstructed images, and the term by which it teaches
/// the tokenizer. Neither player's gradient reaches the other's parameters.
/// </summary>
internal sealed class AdversarialGame : IDisposable
{
    /// <summary>What the names of everything that only this game needs begin with.</summary>
    internal const string Prefix = "discriminator.";

    // Tells the randomness of the host's decisions from other uses of a step's seed.
    private const ulong RealPurpose = 11, FakePurpose = 12, GeneratorPurpose = 13;

    private readonly AdversarialOptions _options;
    private readonly ParameterStore _parameters;
    private readonly string[] _learned;
    private readonly IDiscriminator _discriminator;
    private readonly LecamRegularizer _lecam;
    private readonly BufferSnapshot _norms;
    private readonly TrainingProcesses _processes;
    private readonly ulong _seed;

    /// <param name="options">Settings.</param>
    /// <param name="parameters">Receives and owns what is learned and what a checkpoint must keep, below <see cref="Prefix"/>.</param>
    /// <param name="seed">Of the run.</param>
    /// <param name="device">Where.</param>
    /// <param name="processes">Those that train together; borrowed.</param>
    /// <exception cref="NvgDataException">The weights of DINO cannot be used.</exception>
    internal AdversarialGame(AdversarialOptions options, ParameterStore parameters, ulong seed, Device device, TrainingProcesses processes)
    {
        (_options, _parameters, _seed, _processes) = (options, parameters, seed, processes);
        var path = new ParameterPath(parameters, ParameterSource.Random(DataOrder.Mix(seed, 0, RealPurpose), device)) / Prefix.TrimEnd('.');
        _discriminator = options.Discriminator == DiscriminatorKind.Dino
            ? new DinoDiscriminator(path / "heads", VisionTransformer.Load(options.DinoWeights!, device, approximateGelu: true), options.DinoBlocks)
            : new PatchDiscriminator(path / "layers", options.PatchChannels, options.PatchHalvings);
        // Before LeCAM has its averages, which move once in a step by themselves.
        _norms = new BufferSnapshot(parameters, [.. parameters.Keys.Where(n => n.StartsWith(Prefix, StringComparison.Ordinal) && parameters.IsBuffer(n))]);
        _lecam = new LecamRegularizer(path / "lecam", options.LecamDecay, processes);
        _learned = [.. parameters.TrainableNames.Where(n => n.StartsWith(Prefix, StringComparison.Ordinal))];
        Fingerprint = _discriminator.Fingerprint;
    }

    /// <summary>What identifies frozen weights.</summary>
    internal string Fingerprint { get; }

    /// <summary>What the discriminator learns.</summary>
    internal ParameterGroup Group => new("discriminator", _learned) { WeightDecay = _options.WeightDecay, LearningRateFactor = _options.LearningRateFactor };

    /// <summary>Both players' terms: the discriminator's loss plus the weighted one of the tokenizer. They share no parameters.</summary>
    /// <param name="step">From 0.</param>
    /// <param name="real_NCHW">The images.</param>
    /// <param name="fake_NCHW">Their reconstructions, with the tokenizer's graph.</param>
    /// <param name="share">Which of a batch these are.</param>
    /// <param name="random">Draws augmentations for the whole batch.</param>
    /// <param name="log">Receives <c>discriminator</c>, <c>lecam</c>, <c>adversarial</c> and the mean logits.</param>
    /// <returns>The sum, or null before the first step of the game.</returns>
    internal Tensor? Loss(long step, Tensor real_NCHW, Tensor fake_NCHW, BatchShare share, RandomGenerator random, LossLog log)
    {
        if (step < _options.StartStep)
            return null;
        using var scope = new TensorScope();
        _norms.Enter(share, _processes.ShareOf(share.Total));
        Tensor discriminator = DiscriminatorLoss(step, real_NCHW, fake_NCHW.Detach(), share, random, log);
        Tensor generator = GeneratorLoss(step, fake_NCHW, share, random, log);
        return scope.Keep(discriminator + generator * _options.WeightAt(step));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _discriminator.Dispose();
        _norms.Dispose();
        _lecam.Dispose();
    }

    private Tensor DiscriminatorLoss(long step, Tensor real_NCHW, Tensor fake_NCHW, BatchShare share, RandomGenerator random, LossLog log)
    {
        Tensor real = Logits(real_NCHW, training: true, step, RealPurpose, share, random), fake = Logits(fake_NCHW, training: true, step, FakePurpose, share, random);
        Tensor loss = _options.Loss == DiscriminatorLossKind.Hinge ? AdversarialLosses.Hinge(real, fake) : AdversarialLosses.Vanilla(real, fake);
        log.Add("discriminator", loss);
        log.Add("logits_real", real.Mean());
        log.Add("logits_fake", fake.Mean());
        if (_options.LecamWeight == 0)
            return loss;
        Tensor lecam = _lecam.Update(real, fake, share);
        log.Add("lecam", lecam);
        return loss + lecam * _options.LecamWeight;
    }

    private Tensor GeneratorLoss(long step, Tensor fake_NCHW, BatchShare share, RandomGenerator random, LossLog log)
    {
        // Recorded without the discriminator's parameters, so that it is not taught to be fooled.
        SetLearning(false);
        try
        {
            Tensor loss = AdversarialLosses.NonSaturating(Logits(fake_NCHW, training: false, step, GeneratorPurpose, share, random));
            log.Add("adversarial", loss);
            return loss;
        }
        finally
        {
            SetLearning(true);
        }
    }

    private Tensor Logits(Tensor images_NCHW, bool training, long step, ulong purpose, BatchShare share, RandomGenerator random)
    {
        var choice = new HostRandom(DataOrder.Mix(_seed, step, purpose));
        Tensor augmented_NCHW = DifferentiableAugmentation.Apply(images_NCHW, _options.Augmentation, choice, share, random);
        return _discriminator.Forward(augmented_NCHW, training, choice);
    }

    private void SetLearning(bool learning)
    {
        foreach (string name in _learned)
            _parameters[name].RequiresGrad = learning;
    }
}
