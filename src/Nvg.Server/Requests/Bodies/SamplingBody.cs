using Nvg.Sampling;
using Nvg.Sampling.Schedules;

namespace Nvg.Server.Requests.Bodies;

/// <summary>Sampling settings; missing settings keep their values.</summary>
internal sealed record SamplingBody
{
    public StageSchedule? ContentGuidance { get; init; }

    public StageSchedule? StructureGuidance { get; init; }

    public StageSchedule? TopP { get; init; }

    public int? TopK { get; init; }

    public double? Temperature { get; init; }

    public StructureSteps? StructureSteps { get; init; }

    public bool? Gumbel { get; init; }

    internal SamplingOptions Over(SamplingOptions defaults) => defaults with
    {
        ContentGuidance = ContentGuidance ?? defaults.ContentGuidance,
        StructureGuidance = StructureGuidance ?? defaults.StructureGuidance,
        TopP = TopP ?? defaults.TopP,
        TopK = TopK ?? defaults.TopK,
        Temperature = Temperature ?? defaults.Temperature,
        StructureSteps = StructureSteps ?? defaults.StructureSteps,
        Gumbel = Gumbel ?? defaults.Gumbel,
    };
}
