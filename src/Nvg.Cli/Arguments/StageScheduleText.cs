using System.CommandLine.Parsing;
using System.Globalization;
using Nvg.Sampling.Schedules;

namespace Nvg.Cli.Arguments;

/// <summary>Parses settings that vary over the stages: <c>2</c> for all stages, or <c>1-3.5</c> for the first and the last stage.</summary>
internal static class StageScheduleText
{
    internal static Func<ArgumentResult, StageSchedule?> Parser(Func<double, double, StageSchedule> between) => result =>
    {
        string text = result.Tokens[0].Value;
        // The first character may be a sign.
        int dash = text.Length > 1 ? text.IndexOf('-', 1) : -1;
        if (TryNumber(text, out double constant))
            return StageSchedule.Constant(constant);
        if (dash > 0 && TryNumber(text[..dash], out double start) && TryNumber(text[(dash + 1)..], out double end))
            return between(start, end);
        result.AddError($"{((OptionResult)result.Parent!).Option.Name} takes a number, or two for the first and the last stage, such "
            + $"as 1-3.5; not '{text}'");
        return null;
    };

    private static bool TryNumber(string text, out double value) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);
}
