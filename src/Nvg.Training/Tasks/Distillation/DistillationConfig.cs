using System.Text.Json.Serialization;
using Nvg.Generators;
using Nvg.Sampling;
using Nvg.Training.Optimization;
using Nvg.Training.Runs;
using Nvg.Training.Tasks.Generators.Intervals;

namespace Nvg.Training.Tasks.Distillation;

/// <summary>Settings of <c>nvg distill</c>.</summary>
public sealed record DistillationConfig : IRunConfiguration<DistillationConfig>
{
    private const int DefaultTeacherSpan = 16;

    private static readonly IntervalOptions DefaultIntervals = new() { Share = 0.75, FullShare = 0.5 };

    /// <summary>Folder of the model that is distilled.</summary>
    public required string Teacher { get; init; }

    /// <summary>
    /// The generator that is distilled: structure, to take few steps of one pass, or content, to be guided in one pass. The other one is
    /// copied.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public DistilledPart Part { get; init; }

    /// <summary>Name of the new model; null for that of the teacher.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Name { get; init; }

    /// <summary>Images that the teacher draws to distil on; null to distil on a data set.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Samples { get; init; }

    /// <summary>The intervals over which average velocities are learned. Only for structure.</summary>
    public IntervalOptions Intervals { get; init; } = DefaultIntervals;

    /// <summary>
    /// Steps of the grid that the teacher solves itself. The target of a longer interval is made of two steps of half its length of the
    /// student, which costs less and accumulates the student's errors. Only for structure.
    /// </summary>
    public int TeacherSpan { get; init; } = DefaultTeacherSpan;

    /// <summary>
    /// The largest guidance scale that the student takes as an input, which makes a guided step one pass. Null leaves the guidance of
    /// structure to two passes; content needs a limit.
    /// </summary>
    public double? GuidanceLimit { get; init; }

    /// <summary>Weight of the loss on the split itself (docs/method.md, section 11.1); 0 for none. Only for structure.</summary>
    public double RankWeight { get; init; }

    /// <summary>Share of sequences without a class.</summary>
    public double NullClassShare { get; init; } = 0.1;

    /// <summary>Steps, batch, optimizer.</summary>
    public required TrainingOptions Training { get; init; }

    /// <summary>The default settings for a teacher.</summary>
    /// <param name="folder">Folder of the teacher.</param>
    /// <param name="samples">Number of images to draw, or null for a data set.</param>
    /// <param name="part">The generator that is distilled.</param>
    /// <exception cref="NvgDataException">The folder holds no model with generators, or this part has already been distilled.</exception>
    public static DistillationConfig For(string folder, int? samples, DistilledPart part = DistilledPart.Structure)
    {
        (GeneratorConfig sizes, SamplingOptions sampling) = DistillationTeacher.Read(folder, part);
        return new DistillationConfig
        {
            Teacher = folder,
            Part = part,
            Samples = samples,
            GuidanceLimit = DistillationTeacher.LargestGuidance(sizes, sampling, part) is > 1 and var largest
                ? Math.Ceiling(largest * 2 + 1) / 2
                : null,
            Training = new TrainingOptions
            {
                Steps = 10_000,
                BatchSize = 128,
                LearningRate = 3e-4,
                WarmupSteps = 200,
                HoldShare = 0.5,
                FinalFactor = 0.05,
                WeightDecay = 0.01,
                EmaDecay = 0.999,
                Flip = false,
                CheckpointEvery = 500,
            },
        };
    }

    /// <inheritdoc/>
    public IEnumerable<string> Validate()
    {
        foreach (string problem in (IEnumerable<string>)[.. Training.Validate(), .. Intervals.Validate()])
            yield return problem;
        if (Samples < 1)
            yield return "samples must be positive";
        if (TeacherSpan < 1)
            yield return "teacherSpan must be positive";
        if (GuidanceLimit is not (null or (> 1 and <= GeneratorConfig.LargestGuidanceLimit)))
            yield return $"guidanceLimit must be in (1, {GeneratorConfig.LargestGuidanceLimit}]";
        if (Part == DistilledPart.Content && GuidanceLimit is null)
            yield return "guidanceLimit is needed to distil content";
        if (Part == DistilledPart.Content && (Intervals, TeacherSpan, RankWeight) != (DefaultIntervals, DefaultTeacherSpan, 0))
            yield return "intervals, teacherSpan and rankWeight are settings for structure";
        if (RankWeight is not (>= 0 and < double.PositiveInfinity) || NullClassShare is not (>= 0 and < 1))
            yield return "rankWeight must not be negative; nullClassShare must be in [0, 1)";
    }

    /// <summary>
    /// Draws the guidance scale of a sequence: half of the time the scale that the teacher's settings use in its stage, otherwise any scale
    /// up to the limit; 1 without a limit. The number of random numbers is always the same.
    /// </summary>
    /// <param name="random">Random numbers.</param>
    /// <param name="usual">The scale of the teacher's settings.</param>
    internal double DrawGuidance(HostRandom random, double usual)
    {
        bool isUsual = random.Next(2) == 0;
        double free = random.Next();
        return GuidanceLimit is not { } limit ? 1 : isUsual ? Math.Clamp(usual, 1, limit) : 1 + free * (limit - 1);
    }

    /// <inheritdoc/>
    public DistillationConfig IdentitySettings() => this with { Teacher = "", Training = Training.Identity };
}
