using System.CommandLine;
using Nvg.Cli.Terminal;
using Nvg.Sampling;

namespace Nvg.Cli.Arguments;

/// <summary>Options that change how sequences are drawn; what is not given stays as the model's config has it.</summary>
internal sealed class SamplingArguments
{
    private readonly Option<StageSchedule?> _guidance = Schedule("--guidance", "Guidance of the content, from the first stage to the last; by default the model's", StageSchedule.Linear);
    private readonly Option<StageSchedule?> _structureGuidance = Schedule("--structure-guidance", "Guidance of the structure; by default the model's", StageSchedule.Linear);
    private readonly Option<StageSchedule?> _topP = Schedule("--top-p", "Share of probability that tokens are drawn from, lowered slowly first; by default the model's", StageSchedule.Power);
    private readonly Option<int?> _topK = new("--top-k") { Description = "Number of tokens that are drawn from; 0 for all, 1 for the most likely; by default the model's", HelpName = "N" };
    private readonly Option<double?> _temperature = new("--temperature") { Description = "Divides the logits; by default the model's", HelpName = "T" };
    private readonly Option<StructureSteps?> _steps = new("--structure-steps")
    {
        Description = "Steps of the structure flow: in each stage, for every stage, or until the split has settled; by default the model's",
        HelpName = "N|N,N,…|auto",
        CustomParser = result =>
        {
            if (StructureSteps.Parse(result.Tokens[0].Value) is { } steps)
                return steps;
            result.AddError($"--structure-steps takes a number, a list such as 25,20,15,10,8, or auto, not '{result.Tokens[0].Value}'");
            return null;
        },
    };
    private readonly Option<bool?> _gumbel = new("--gumbel") { Description = "Draw splits at random (Gumbel-top-k) rather than by rank; by default the model's", Arity = ArgumentArity.ZeroOrOne };

    internal void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _guidance, _structureGuidance, _topP, _topK, _temperature, _steps, _gumbel })
            command.Options.Add(option);
    }

    /// <summary>The settings to use.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="defaults">The model's.</param>
    /// <param name="lastStage">K of the model.</param>
    /// <exception cref="UsageException">They are not valid.</exception>
    internal SamplingOptions Read(ParseResult parsed, SamplingOptions defaults, int lastStage)
    {
        SamplingOptions options = defaults with
        {
            ContentGuidance = parsed.GetValue(_guidance) ?? defaults.ContentGuidance,
            StructureGuidance = parsed.GetValue(_structureGuidance) ?? defaults.StructureGuidance,
            TopP = parsed.GetValue(_topP) ?? defaults.TopP,
            TopK = parsed.GetValue(_topK) ?? defaults.TopK,
            Temperature = parsed.GetValue(_temperature) ?? defaults.Temperature,
            StructureSteps = parsed.GetValue(_steps) ?? defaults.StructureSteps,
            Gumbel = parsed.GetValue(_gumbel) ?? defaults.Gumbel,
        };
        return options.Validate(lastStage).FirstOrDefault() is { } problem ? throw new UsageException(problem) : options;
    }

    private static Option<StageSchedule?> Schedule(string name, string description, Func<double, double, StageSchedule> between) =>
        new(name) { Description = description, HelpName = "A-B", CustomParser = StageScheduleText.Parser(between) };
}
