using Nvg.Configuration;
using Nvg.Sampling.Schedules;

namespace Nvg.Var.Sampling;

/// <summary>Settings of VAR's sampler; the defaults are those of the published evaluation.</summary>
public sealed record VarSamplingOptions : ISamplingSettings
{
    /// <summary>
    /// Classifier-free guidance of the logits, u + g · (c − u). The published models specify the excess over 1 at the last scale: "cfg 1.5"
    /// rises from 1 to 2.5.
    /// </summary>
    public StageSchedule Guidance { get; init; } = OfPublishedScale(1.5);

    /// <summary>Nucleus sampling: tokens are drawn from the most likely ones up to this probability; 1 for all.</summary>
    public StageSchedule TopP { get; init; } = StageSchedule.Constant(0.96);

    /// <summary>Top-k sampling: tokens are drawn from the k most likely ones; 0 for all, 1 for the most likely one.</summary>
    public int TopK { get; init; } = 900;

    /// <summary>
    /// Whether codes are mixed softly instead of drawn. Intended for viewing: images are smoother and less varied, and their metrics are
    /// not comparable.
    /// </summary>
    public bool Smooth { get; init; }

    /// <summary>Guidance as the published models specify it: none at the first scale, and 1 + <paramref name="cfg"/> at the last.</summary>
    public static StageSchedule OfPublishedScale(double cfg) => StageSchedule.Linear(1, 1 + cfg);

    /// <summary>All problems of the settings; empty if there are none.</summary>
    /// <param name="lastStage">Index of the last scale.</param>
    public IEnumerable<string> Validate(int lastStage)
    {
        string[] misfits = [.. new[] { Guidance, TopP }.Select(s => s.ProblemWith(lastStage)).OfType<string>().Distinct()];
        foreach (string misfit in misfits)
            yield return misfit;
        for (int scale = 0; scale <= lastStage && misfits.Length == 0; scale++)
        {
            if (TopP.At(scale, lastStage) is not (> 0 and <= 1))
                yield return $"top-p must be in (0, 1], scale {scale} has {TopP.At(scale, lastStage)}";
            if (!double.IsFinite(Guidance.At(scale, lastStage)))
                yield return $"guidance of scale {scale} is not a number";
        }

        if (TopK < 0)
            yield return $"top-k must not be negative, it is {TopK}";
    }
}
