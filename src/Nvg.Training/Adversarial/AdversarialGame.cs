using Nvg.Pretrained;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Distributed;
using Nvg.Training.Optimization;
using Nvg.Training.Ownership;

namespace Nvg.Training.Adversarial;

/// <summary>
/// The discriminator and the adversarial part of the tokenizer's training: the discriminator's loss on real and reconstructed
/// images, and the adversarial term of the tokenizer. Neither player's gradient reaches the parameters of the other.
/// </summary>
internal sealed class AdversarialGame : IDisposable
{
    /// <summary>Prefix of the names of all parameters and buffers that only this game uses.</summary>
    internal const string Prefix = "discriminator.";

    private readonly AdversarialOptions _options;
    private readonly ParameterStore _parameters;
    private readonly string[] _learned;
    private readonly IDiscriminator _discriminator;
    private readonly LecamRegularizer _lecam;
    private readonly BufferSnapshot _norms;
    private readonly TrainingProcesses _processes;
    private readonly ulong _seed;
    private readonly OwnedObjects _owned = new();

    /// <param name="options">Settings.</param>
    /// <param name="parameters">
    /// Receives and owns the learned parameters and the buffers of the checkpoint, below <see cref="Prefix"/>.
    /// </param>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="device">The training device.</param>
    /// <param name="processes">The processes that train together; borrowed.</param>
    /// <exception cref="NvgDataException">The weights of DINO cannot be used.</exception>
    internal AdversarialGame(AdversarialOptions options, ParameterStore parameters, ulong seed, Device device, TrainingProcesses processes)
    {
        (_options, _parameters, _seed, _processes) = (options, parameters, seed, processes);
        using OwnedObjects.Construction construction = _owned.Construct();
        ParameterSource initial = ParameterSource.Random(RandomSeed.Of(seed, 0, RandomStream.DiscriminatorReal), device);
        ParameterPath path = new ParameterPath(parameters, initial) / Prefix.TrimEnd('.');
        _discriminator = _owned.Add(CreateDiscriminator(options, path, device));
        // Taken before LeCAM adds its averages, which already move only once per step.
        _norms = _owned.Add(new BufferSnapshot(parameters, [.. parameters.Keys.Where(n => IsOwn(n) && parameters.IsBuffer(n))]));
        _lecam = _owned.Add(new LecamRegularizer(path / "lecam", options.LecamDecay, processes));
        _learned = [.. parameters.TrainableNames.Where(IsOwn)];
        construction.Complete();
    }

    /// <summary>Fingerprint of the frozen weights; empty if there are none.</summary>
    internal string Fingerprint => _discriminator.Fingerprint;

    /// <summary>The parameters of the discriminator.</summary>
    internal ParameterGroup Group => new("discriminator", _learned)
    {
        WeightDecay = _options.WeightDecay,
        LearningRateFactor = _options.LearningRateFactor,
    };

    /// <summary>The discriminator's loss plus the weighted adversarial term of the tokenizer.</summary>
    /// <param name="step">From 0.</param>
    /// <param name="real_NCHW">The images.</param>
    /// <param name="fake_NCHW">Their reconstructions, with the tokenizer's graph.</param>
    /// <param name="share">The range of the batch that the images come from.</param>
    /// <param name="random">Draws augmentations for the whole batch.</param>
    /// <param name="log">Receives <c>discriminator</c>, <c>lecam</c>, <c>adversarial</c> and the mean logits.</param>
    /// <returns>The sum, or null before <see cref="AdversarialOptions.StartStep"/>.</returns>
    internal Tensor? Loss(long step, Tensor real_NCHW, Tensor fake_NCHW, BatchShare share, RandomGenerator random, LossLog log)
    {
        if (step < _options.StartStep)
            return null;
        using var scope = new TensorScope();
        _norms.Restore(share, _processes.ShareOf(share.Total));
        Tensor discriminator = DiscriminatorLoss(step, real_NCHW, fake_NCHW.Detach(), share, random, log);
        Tensor tokenizer = TokenizerTerm(step, fake_NCHW, share, random, log);
        return scope.Keep(discriminator + tokenizer * _options.WeightAt(step));
    }

    /// <inheritdoc/>
    public void Dispose() => _owned.Dispose();

    private static bool IsOwn(string name) => name.StartsWith(Prefix, StringComparison.Ordinal);

    private static IDiscriminator CreateDiscriminator(AdversarialOptions options, ParameterPath path, Device device)
    {
        if (options.Discriminator != DiscriminatorKind.Dino)
            return new PatchDiscriminator(path / "layers", options.PatchChannels, options.PatchHalvings);
        VisionTransformer backbone = VisionTransformer.Load(options.DinoWeights!, device, approximateGelu: true);
        return new DinoDiscriminator(path / "heads", backbone, options.DinoBlocks);
    }

    private Tensor DiscriminatorLoss(long step, Tensor real_NCHW, Tensor fake_NCHW, BatchShare share, RandomGenerator random, LossLog log)
    {
        Tensor real = Logits(real_NCHW, training: true, step, RandomStream.DiscriminatorReal, share, random);
        Tensor fake = Logits(fake_NCHW, training: true, step, RandomStream.DiscriminatorFake, share, random);
        Tensor loss = _options.Loss == DiscriminatorLossKind.Hinge
            ? AdversarialLosses.Hinge(real, fake)
            : AdversarialLosses.Vanilla(real, fake);
        log.Add("discriminator", loss);
        log.Add("logits_real", real.Mean());
        log.Add("logits_fake", fake.Mean());
        if (_options.LecamWeight == 0)
            return loss;
        Tensor lecam = _lecam.Update(real, fake, share);
        log.Add("lecam", lecam);
        return loss + lecam * _options.LecamWeight;
    }

    private Tensor TokenizerTerm(long step, Tensor fake_NCHW, BatchShare share, RandomGenerator random, LossLog log)
    {
        // The discriminator gets no gradients here; otherwise it would learn to be fooled.
        SetLearning(false);
        try
        {
            Tensor logits = Logits(fake_NCHW, training: false, step, RandomStream.AdversarialTerm, share, random);
            Tensor loss = AdversarialLosses.NonSaturating(logits);
            log.Add("adversarial", loss);
            return loss;
        }
        finally
        {
            SetLearning(true);
        }
    }

    private Tensor Logits(Tensor images_NCHW, bool training, long step, RandomStream stream, BatchShare share, RandomGenerator random)
    {
        var choice = new HostRandom(RandomSeed.Of(_seed, step, stream));
        Tensor augmented_NCHW = DifferentiableAugmentation.Apply(images_NCHW, _options.Augmentation, choice, share, random);
        Tensor input_NCHW = _options.Contrast is { } contrast ? augmented_NCHW * contrast : augmented_NCHW;
        return _discriminator.Forward(input_NCHW, training, choice);
    }

    private void SetLearning(bool learning)
    {
        foreach (string name in _learned)
            _parameters[name].RequiresGrad = learning;
    }
}
