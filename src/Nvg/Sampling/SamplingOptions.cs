using Nvg.Configuration;
using Nvg.Generators;
using Nvg.Sampling.Schedules;

namespace Nvg.Sampling;

/// <summary>Settings of the sampler; the defaults are the published settings (paper, appendix A.6; docs/method.md, section 7).</summary>
public sealed record SamplingOptions : ISamplingSettings
{
    /// <summary>Classifier-free guidance of the token logits; at a scale of 1, no unconditional pass runs.</summary>
    public StageSchedule ContentGuidance { get; init; } = StageSchedule.Linear(1, 3.5);

    /// <summary>Classifier-free guidance of the structure velocity.</summary>
    public StageSchedule StructureGuidance { get; init; } = StageSchedule.Linear(1, 2.5);

    /// <summary>Nucleus sampling: tokens are drawn from the most likely ones up to this probability.</summary>
    public StageSchedule TopP { get; init; } = StageSchedule.Power(1, 0.5);

    /// <summary>
    /// Top-k sampling: tokens are drawn from the k most likely ones; 0 for all, 1 for the most likely one regardless of temperature.
    /// </summary>
    public int TopK { get; init; }

    /// <summary>Temperature, which divides the logits before tokens are filtered.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Euler steps of the structure flow in each stage.</summary>
    public StructureSteps StructureSteps { get; init; } = StructureSteps.Published;

    /// <summary>Whether splits are drawn with Gumbel-top-k instead of by rank.</summary>
    public bool Gumbel { get; init; }

    /// <summary>All problems of the settings; empty if there are none.</summary>
    public IEnumerable<string> Validate(int lastStage)
    {
        StageSchedule[] schedules = [ContentGuidance, StructureGuidance, TopP];
        string[] misfits = [.. schedules.Select(s => s.ProblemWith(lastStage)).OfType<string>().Distinct()];
        foreach (string misfit in misfits)
            yield return misfit;
        for (int stage = 0; stage <= lastStage && misfits.Length == 0; stage++)
        {
            if (TopP.At(stage, lastStage) is not (> 0 and <= 1))
                yield return $"top-p must be in (0, 1], stage {stage} has {TopP.At(stage, lastStage)}";
            foreach (double scale in new[] { ContentGuidance.At(stage, lastStage), StructureGuidance.At(stage, lastStage) })
            {
                if (scale is not (>= 0 and < double.PositiveInfinity))
                    yield return $"guidance must be a finite number and not negative, stage {stage} has {scale}";
            }
        }

        if (TopK < 0)
            yield return $"top-k must not be negative, it is {TopK}";
        if (Temperature is not (> 0 and < double.PositiveInfinity))
            yield return $"temperature must be positive, it is {Temperature}";
        foreach (string problem in StructureSteps.Validate(lastStage))
            yield return problem;
    }

    /// <summary>
    /// All problems of the settings with the generators of a model, which may take a limited guidance scale as an input
    /// (<see cref="GeneratorConfig.StructureGuidanceLimit"/>); empty if there are none.
    /// </summary>
    internal IEnumerable<string> Validate(GeneratorConfig sizes)
    {
        int lastStage = sizes.Grid.LastStage;
        List<string> problems = [.. Validate(lastStage)];
        return problems.Count > 0 ? problems :
        [
            .. Outside("structure", StructureGuidance, sizes.StructureStageCount, sizes.StructureGuidanceLimit),
            .. Outside("content", ContentGuidance, sizes.Grid.StageCount, sizes.ContentGuidanceLimit),
        ];

        IEnumerable<string> Outside(string part, StageSchedule guidance, int stages, double? limit)
        {
            double[] scales = [.. Enumerable.Range(0, stages).Select(i => guidance.At(i, lastStage))];
            if (Array.Exists(scales, s => limit is not null && (s < 1 || s > limit)))
            {
                string found = scales.Min() == scales.Max() ? $"{scales[0]:G7}" : $"{scales.Min():G7}…{scales.Max():G7}";
                yield return $"{part} guidance of this model must be in 1…{limit:G7}, it is {found}";
            }
        }
    }
}
