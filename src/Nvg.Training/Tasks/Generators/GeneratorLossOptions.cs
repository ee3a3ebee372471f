using System.Text.Json.Serialization;
using Nvg.Training.Tasks.Generators.Intervals;

namespace Nvg.Training.Tasks.Generators;

/// <summary>Settings of the generators' loss.</summary>
public sealed record GeneratorLossOptions
{
    /// <summary>Share of images whose class is replaced by the null class.</summary>
    public double NullClassShare { get; init; } = 0.1;

    /// <summary>Stages per image and step in the content loss, chosen at random; 0 for all.</summary>
    public int ContentStages { get; init; }

    /// <summary>Stages per image and step in the structure loss, chosen at random; 0 for all.</summary>
    public int StructureStages { get; init; }

    /// <summary>
    /// Variance with which the token head is initialised as a nearest-code look-up (logit = (r · e − |e|²/2) / variance); null
    /// for random weights, as in the paper. Short runs need this initialisation.
    /// </summary>
    public double? TokenHeadVariance { get; init; }

    /// <summary>Whether drop path is used.</summary>
    public bool DropPath { get; init; } = true;

    /// <summary>
    /// Intervals over which the structure generator learns average velocities, so that few steps suffice; null for velocities only, as in
    /// the paper.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IntervalOptions? Intervals { get; init; }

    /// <summary>Representation alignment; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public AlignmentOptions? Alignment { get; init; }

    /// <summary>All problems with the settings; empty if there are none.</summary>
    public IEnumerable<string> Validate()
    {
        if (TokenHeadVariance is { } variance && variance is not (> 0 and < double.PositiveInfinity))
            yield return "tokenHeadVariance must be positive";
        if (Alignment is { } alignment && (alignment.Block < 1 || alignment.HiddenWidth < 1))
            yield return "alignment.block and alignment.hiddenWidth must be positive";
        foreach (string problem in Intervals?.Validate() ?? [])
            yield return $"loss.{problem}";
        if (NullClassShare is not (>= 0 and < 1) || ContentStages < 0 || StructureStages < 0)
            yield return "nullClassShare must be in [0, 1); contentStages and structureStages must not be negative";
    }
}
