using System.CommandLine;
using Nvg.Cli.Terminal;
using Nvg.Configuration;
using Nvg.Sampling;
using Nvg.Sampling.Schedules;
using Nvg.Var.Sampling;

namespace Nvg.Cli.Arguments;

/// <summary>Sampling options; settings that are not given come from the model's config.</summary>
internal sealed class SamplingArguments
{
    private readonly Option<StageSchedule?> _guidance = Schedule(
        "--guidance", "Guidance scale of the content; A-B varies it from the first to the last stage. Sampling options default to the "
            + "model's settings", StageSchedule.Linear);

    private readonly Option<StageSchedule?> _structureGuidance = Schedule(
        "--structure-guidance", "Guidance scale of the structure; A-B from the first to the last stage", StageSchedule.Linear);

    private readonly Option<StageSchedule?> _topP = Schedule(
        "--top-p", "Nucleus sampling: keep the likeliest tokens up to this probability; A-B from the first to the last stage",
        StageSchedule.Power);

    private readonly Option<int?> _topK = new("--top-k")
    {
        Description = "Sample only from the N likeliest tokens; 0 for all, 1 for the likeliest",
        HelpName = "N",
    };

    private readonly Option<double?> _temperature =
        new("--temperature") { Description = "Sampling temperature, which divides the logits", HelpName = "T" };

    private readonly Option<StructureSteps?> _steps = StructureStepsOption();

    private readonly Option<bool?> _gumbel = new("--gumbel")
    {
        Description = "Draw splits at random (Gumbel top-k) instead of by rank",
        Arity = ArgumentArity.ZeroOrOne,
    };

    /// <summary>The option for the steps of the structure flow; each command gets its own.</summary>
    internal static Option<StructureSteps?> StructureStepsOption() => new("--structure-steps")
    {
        Description = "Steps of the structure flow: one number for all stages, one per stage, or auto (until the split no longer "
            + "changes; one for a distilled model)",
        HelpName = "N|N,N,…|auto",
        CustomParser = result =>
        {
            if (StructureSteps.Parse(result.Tokens[0].Value) is { } steps)
                return steps;
            result.AddError($"--structure-steps takes a number, a list such as 25,20,15,10,8, or auto; not '{result.Tokens[0].Value}'");
            return null;
        },
    };

    private readonly Option<bool?> _smooth = new("--smooth")
    {
        Description = "VAR models: mix codes instead of sampling them, for smoother images; not for metrics",
        Arity = ArgumentArity.ZeroOrOne,
    };

    /// <summary>Adds the options of all methods to a command.</summary>
    internal void AddTo(Command command)
    {
        AddNvgTo(command);
        command.With(_smooth);
    }

    /// <summary>Adds the options of NVG to a command that accepts only NVG models.</summary>
    internal void AddNvgTo(Command command) =>
        command.With(_guidance, _structureGuidance, _topP, _topK, _temperature, _steps, _gumbel);

    /// <summary>The sampling settings of a model of any method.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="model">Gives the defaults; borrowed.</param>
    /// <exception cref="UsageException">A setting is invalid, or does not belong to the model's method.</exception>
    internal ISamplingSettings Read(ParseResult parsed, IImageModel model) => model switch
    {
        NvgModel nvg => Read(parsed, nvg),
        { Settings: VarSamplingOptions defaults } => Read(parsed, defaults, model.ImageTokenizer.StageCount - 1),
        _ => throw new InvalidOperationException($"no options for the settings of {model.Name}"),
    };

    /// <summary>The sampling settings of an NVG model.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="model">Gives the limits, and the defaults unless others are given; borrowed.</param>
    /// <param name="defaults">The settings for options that are not given, or null for the model's.</param>
    /// <exception cref="UsageException">A setting is invalid.</exception>
    internal SamplingOptions Read(ParseResult parsed, NvgModel model, SamplingOptions? defaults = null)
    {
        if (parsed.IsGiven(_smooth))
            throw new UsageException($"{_smooth.Name} is for VAR models");
        defaults ??= model.Config.Sampling;
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
        return options.Validate(model.GeneratorConfig).FirstOrDefault() is { } problem ? throw new UsageException(problem) : options;
    }

    /// <summary>The sampling settings of a VAR model.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="defaults">The model's settings, for options that are not given.</param>
    /// <param name="lastScale">Index of the model's last scale.</param>
    /// <exception cref="UsageException">A setting is invalid, or does not belong to VAR.</exception>
    internal VarSamplingOptions Read(ParseResult parsed, VarSamplingOptions defaults, int lastScale)
    {
        Option[] others = [_structureGuidance, _temperature, _steps, _gumbel];
        if (Array.Find(others, parsed.IsGiven) is { } other)
            throw new UsageException($"{other.Name} is for NVG models: VAR has no such setting");
        VarSamplingOptions options = defaults with
        {
            Guidance = parsed.GetValue(_guidance) ?? defaults.Guidance,
            TopP = parsed.GetValue(_topP) ?? defaults.TopP,
            TopK = parsed.GetValue(_topK) ?? defaults.TopK,
            Smooth = parsed.GetValue(_smooth) ?? defaults.Smooth,
        };
        return options.Validate(lastScale).FirstOrDefault() is { } problem ? throw new UsageException(problem) : options;
    }

    private static Option<StageSchedule?> Schedule(string name, string description, Func<double, double, StageSchedule> between) =>
        new(name) { Description = description, HelpName = "A-B", CustomParser = StageScheduleText.Parser(between) };
}
