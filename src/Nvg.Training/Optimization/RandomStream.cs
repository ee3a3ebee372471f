namespace Nvg.Training.Optimization;

/// <summary>
/// The independent streams of random numbers in a training run. Every number follows from the run's seed, a step or example, and
/// the stream. A resumed run is exact only with the same values, so they never change.
/// </summary>
/// <remarks>
/// The order of the data (<see cref="DataOrder"/>) is derived from seed, epoch and position; the position takes the place of the
/// stream. Epochs and steps share the same numbers, but no decision draws from both.
/// </remarks>
internal enum RandomStream : ulong
{
    /// <summary>Everything a step draws on the device: noise, times, drop path, augmentation.</summary>
    Step = 1,

    /// <summary>The square of an image that a step sees.</summary>
    Crop = 2,

    /// <summary>The last stage that the decoder sees of an image (stage dropout).</summary>
    StageDropout = 3,

    /// <summary>Dropped classes and chosen stages of the generators' loss.</summary>
    GeneratorChoices = 4,

    /// <summary>The random squares of an image that are encoded before training.</summary>
    SequenceCrop = 5,

    /// <summary>The encoded variant of an image that a step sees.</summary>
    SequenceVariant = 6,

    /// <summary>Initial weights of the projector of representation alignment.</summary>
    ProjectorWeights = 7,

    /// <summary>Intervals over which the structure generator learns average velocities.</summary>
    Intervals = 8,

    /// <summary>Stage, interval, guidance and class of a sequence in a distillation.</summary>
    DistillationChoices = 9,

    /// <summary>Noise of the images that a teacher draws for a distillation without data.</summary>
    TeacherSamples = 10,

    /// <summary>The discriminator's view of real images, and its initial weights.</summary>
    DiscriminatorReal = 11,

    /// <summary>The discriminator's view of reconstructions while it learns.</summary>
    DiscriminatorFake = 12,

    /// <summary>The discriminator's view of reconstructions while the tokenizer learns.</summary>
    AdversarialTerm = 13,
}
