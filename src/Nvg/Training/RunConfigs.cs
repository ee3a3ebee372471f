using Nvg.Sampling;
using Nvg.Tokenizers;

namespace Nvg.Training;

/// <summary>Settings of <c>nvg train tokenizer</c>.</summary>
public sealed record TokenizerRunConfig
{
    /// <summary>Name of the model.</summary>
    public required string Name { get; init; }

    /// <summary>Sizes.</summary>
    public required TokenizerConfig Tokenizer { get; init; }

    /// <summary>Weights of the loss.</summary>
    public TokenizerLossOptions Loss { get; init; } = new();

    /// <summary>Steps, batch, optimizer.</summary>
    public required TrainingOptions Training { get; init; }

    /// <summary>Everything that is wrong with the settings; empty if nothing is.</summary>
    public IEnumerable<string> Validate() => [.. Tokenizer.Validate(), .. Loss.Validate(), .. Training.Validate()];
}

/// <summary>Settings of <c>nvg train generator</c>.</summary>
public sealed record GeneratorRunConfig
{
    /// <summary>Name of the model.</summary>
    public required string Name { get; init; }

    /// <summary>Folder of the trained tokenizer.</summary>
    public required string Tokenizer { get; init; }

    /// <summary>d, blocks of each generator.</summary>
    public required int Depth { get; init; }

    /// <summary>What an image's loss is made of.</summary>
    public GeneratorLossOptions Loss { get; init; } = new();

    /// <summary>Steps, batch, optimizer.</summary>
    public required TrainingOptions Training { get; init; }

    /// <summary>Settings that the model generates with unless told otherwise.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>Everything that is wrong with the settings; empty if nothing is.</summary>
    public IEnumerable<string> Validate() => [.. Training.Validate(), .. Loss.Validate()];
}

/// <summary>Weights of the tokenizer's loss.</summary>
public sealed record TokenizerLossOptions
{
    /// <summary>Weight of the mean absolute difference of pictures.</summary>
    public double L1 { get; init; } = 1;

    /// <summary>Weight of the mean squared difference of pictures.</summary>
    public double L2 { get; init; } = 1;

    /// <summary>Weight of the quantizer's loss.</summary>
    public double Quantizer { get; init; } = 1;

    /// <summary>Steps in which every code receives gradient; the paper's models use the first epoch.</summary>
    public long WarmupSteps { get; init; }

    /// <summary>Steps between looks for codes that a batch does not use, which then move to where codes are asked for; 0 for never.</summary>
    public long ReviveEvery { get; init; }

    /// <summary>Step after which codes are left where they are.</summary>
    public long ReviveUntil { get; init; }

    /// <summary>Everything that is wrong with the settings; empty if nothing is.</summary>
    public IEnumerable<string> Validate()
    {
        if (new[] { L1, L2, Quantizer }.Any(weight => weight is not (>= 0 and < double.PositiveInfinity)))
            yield return "l1, l2 and quantizer must be finite and not negative";
        if (WarmupSteps < 0 || ReviveEvery < 0 || ReviveUntil < 0)
            yield return "warmupSteps, reviveEvery and reviveUntil must not be negative";
    }
}

/// <summary>What an image's generator loss is made of.</summary>
public sealed record GeneratorLossOptions
{
    /// <summary>Share of images whose class is replaced by the null class.</summary>
    public double NullClassShare { get; init; } = 0.1;

    /// <summary>Stages of an image that the content loss takes in a step, chosen at random; 0 for all.</summary>
    public int ContentStages { get; init; }

    /// <summary>Stages of an image that the structure loss takes in a step, chosen at random; 0 for all.</summary>
    public int StructureStages { get; init; }

    /// <summary>
    /// Variance of a residual around its code, with which the token head starts as a nearest-code look-up
    /// (logit = (r · e − |e|²/2) / variance); null for random weights, as in the paper. Short runs need the start.
    /// </summary>
    public double? TokenHeadVariance { get; init; }

    /// <summary>Whether blocks are left out at random.</summary>
    public bool DropPath { get; init; } = true;

    /// <summary>Everything that is wrong with the settings; empty if nothing is.</summary>
    public IEnumerable<string> Validate()
    {
        if (TokenHeadVariance is { } variance && variance is not (> 0 and < double.PositiveInfinity))
            yield return "tokenHeadVariance must be positive";
        if (NullClassShare is not (>= 0 and < 1) || ContentStages < 0 || StructureStages < 0)
            yield return "nullClassShare must lie in [0, 1); contentStages and structureStages must not be negative";
    }
}
