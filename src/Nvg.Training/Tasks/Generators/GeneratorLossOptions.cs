using System.Text.Json.Serialization;

namespace Nvg.Training.Tasks.Generators;

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

    /// <summary>Representation alignment; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public AlignmentOptions? Alignment { get; init; }

    /// <summary>Everything that is wrong with the settings; empty if nothing is.</summary>
    public IEnumerable<string> Validate()
    {
        if (TokenHeadVariance is { } variance && variance is not (> 0 and < double.PositiveInfinity))
            yield return "tokenHeadVariance must be positive";
        if (Alignment is { } alignment && (alignment.Block < 1 || alignment.HiddenWidth < 1))
            yield return "alignment.block and alignment.hiddenWidth must be positive";
        if (NullClassShare is not (>= 0 and < 1) || ContentStages < 0 || StructureStages < 0)
            yield return "nullClassShare must lie in [0, 1); contentStages and structureStages must not be negative";
    }
}
