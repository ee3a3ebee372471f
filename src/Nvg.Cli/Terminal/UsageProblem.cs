using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;
using System.Text.Json;
using Nvg.Configuration;
using Nvg.Evaluation.Metrics;

namespace Nvg.Cli.Terminal;

/// <summary>
/// Finds what is wrong with a parsed command line and describes it in one line. The description is made from the parse
/// result alone; the parser's own messages, which may change, are only a fallback.
/// </summary>
internal static class UsageProblem
{
    /// <summary>The first problem, or null.</summary>
    internal static string? Find(ParseResult parsed) =>
        Empty(parsed) ?? (parsed.Errors.Count == 0 ? null : UnknownCommand(parsed)) ?? UnknownOption(parsed)
        ?? (parsed.Errors.Count == 0 ? null : OfErrors(parsed));

    /// <summary>Names of the command and its parents, without the root.</summary>
    internal static Stack<string> CommandPath(ParseResult parsed)
    {
        var names = new Stack<string>();
        for (var result = parsed.CommandResult; result.Parent is CommandResult parent; result = parent)
            names.Push(result.Command.Name);
        return names;
    }

    // A misspelt command also counts as a missing command, and an extra word as a superfluous argument, so the most specific
    // problem comes first.
    private static string? OfErrors(ParseResult parsed) =>
        MissingCommand(parsed) ?? Extra(parsed) ?? Repeated(parsed) ?? WithoutValue(parsed) ?? Unparsable(parsed)
        ?? MissingOption(parsed) ?? MissingArgument(parsed) ?? parsed.Errors[^1].Message.ReplaceLineEndings(" ");

    private static IEnumerable<OptionResult> Options(ParseResult parsed) =>
        parsed.CommandResult.Children.OfType<OptionResult>().Where(o => !o.Implicit);

    private static IEnumerable<ArgumentResult> Arguments(ParseResult parsed) => parsed.CommandResult.Children.OfType<ArgumentResult>();

    private static string NameOf(OptionResult result) => result.IdentifierToken?.Value ?? result.Option.Name;

    // An unset variable in a script ("$OUT") gives an empty argument.
    private static string? Empty(ParseResult parsed)
    {
        if (Options(parsed).FirstOrDefault(o => o.Tokens.Any(IsEmpty)) is { } option)
            return $"{NameOf(option)} is empty";
        return Arguments(parsed).FirstOrDefault(a => a.Tokens.Any(IsEmpty)) is { } argument
            ? $"the argument <{argument.Argument.Name}> is empty" : null;
    }

    private static bool IsEmpty(Token token) => string.IsNullOrWhiteSpace(token.Value);

    // Commands that accept any number of files would take a misspelt option for a file. After "--", everything is a file.
    private static string? UnknownOption(ParseResult parsed)
    {
        IEnumerable<string> values =
            parsed.Tokens.TakeWhile(t => t.Type != TokenType.DoubleDash).Where(t => t.Type == TokenType.Argument).Select(t => t.Value);
        string? typed = values.Concat(parsed.UnmatchedTokens).FirstOrDefault(IsOptionLike);
        if (typed is null)
            return null;
        string name = typed.Split('=')[0];
        string[] names = [.. parsed.CommandResult.Command.Options.SelectMany(o => o.Aliases.Append(o.Name))];
        // The parser takes a known option as the value of the preceding option: --class -o river.png.
        if (names.Contains(name) && Options(parsed).FirstOrDefault(o => o.Tokens.Any(t => t.Value == typed)) is { } before)
            return $"{NameOf(before)} needs a value";
        return $"there is no option '{name}'{Suggestion(name, names)}";
    }

    private static bool IsOptionLike(string text) =>
        text.Length > 1 && text[0] == '-' && (text[1] == '-' ? text.Length > 2 : char.IsLetter(text[1]));

    private static string? UnknownCommand(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        if (command.Subcommands.Count == 0 || command.Arguments.Count > 0 || parsed.UnmatchedTokens is not [var typed,
            ..] || IsOptionLike(typed))
            return null;
        string hint = SampleMetric.All.Any(m => m.Id.Equals(typed, StringComparison.OrdinalIgnoreCase))
            ? $"; it is a metric of nvg evaluate samples --metrics {typed}"
            : Suggestion(typed, command.Subcommands.Select(c => c.Name));
        return $"there is no command '{typed}'{hint}";
    }

    private static string? MissingCommand(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        return command.Subcommands.Count == 0 || command.Action is not null
            ? null
            : $"'{command.Name}' needs one of the commands {string.Join(", ", command.Subcommands.Select(c => c.Name))}";
    }

    private static string? Extra(ParseResult parsed)
    {
        if (parsed.UnmatchedTokens is not [var typed, ..])
            return null;
        bool takesClass = parsed.CommandResult.Command.Options.Any(o => o.Name == "--class");
        return $"unexpected argument '{typed}'{(takesClass ? $"; a class is given as --class {typed}" : "")}";
    }

    private static string? Repeated(ParseResult parsed)
    {
        if (Options(parsed).FirstOrDefault(o => o.Tokens.Count > Math.Max(1, o.Option.Arity.MaximumNumberOfValues)) is not { } option)
            return null;
        bool isList = option.Option.HelpName?.Contains(",…", StringComparison.Ordinal) == true;
        return $"{NameOf(option)} can be given only once{(isList ? "; separate several values by commas" : "")}";
    }

    private static string? WithoutValue(ParseResult parsed) =>
        Options(parsed).FirstOrDefault(o => o.Tokens.Count < o.Option.Arity.MinimumNumberOfValues) is { } option
            ? $"{NameOf(option)} needs a value" : null;

    private static string? Unparsable(ParseResult parsed)
    {
        foreach (OptionResult option in Options(parsed))
        {
            Type type = Nullable.GetUnderlyingType(option.Option.ValueType) ?? option.Option.ValueType;
            string[] words = type.IsEnum ? Words(option.Option, type) : [];
            if (option.Tokens.FirstOrDefault(t => !IsValid(type, words, t.Value)) is { } token
                && KindOf(type, words, token.Value) is { } kind)
                return $"{NameOf(option)} takes {kind}, not '{token.Value}'";
        }

        return null;
    }

    // The words of the help text, such as vgg|alex|squeeze, if they differ from the names of the enum values.
    private static string[] Words(Option option, Type type) => option.HelpName is { } help && help.Contains('|', StringComparison.Ordinal)
        ? help.Split('|')
        : [.. Enum.GetNames(type).Select(JsonNamingPolicy.CamelCase.ConvertName)];

    private static string? MissingOption(ParseResult parsed) =>
        parsed.CommandResult.Command.Options.FirstOrDefault(o => o.Required && parsed.GetResult(o) is not { Implicit: false }) is { } option
            ? $"the option {string.Join("/", option.Aliases.Append(option.Name))} {option.HelpName} is missing".Replace("  ", " ",
                StringComparison.Ordinal)
            : null;

    private static string? MissingArgument(ParseResult parsed) =>
        Arguments(parsed).FirstOrDefault(a => a.Tokens.Count < a.Argument.Arity.MinimumNumberOfValues) is { } argument
            ? $"the argument <{argument.Argument.Name}> is missing"
            : null;

    // Null for types whose options are parsed by this program, which gives its own messages.
    private static string? KindOf(Type type, string[] words, string text) => Type.GetTypeCode(type) switch
    {
        _ when type.IsEnum => $"one of {string.Join(", ", words)}",
        TypeCode.Double or TypeCode.Single => "a number",
        TypeCode.UInt64 => $"a whole number from 0{(IsWhole(text) ? $" to {ulong.MaxValue}" : "")}",
        TypeCode.Int32 => $"a whole number{Bound(text, int.MinValue, int.MaxValue)}",
        TypeCode.Int64 => $"a whole number{Bound(text, long.MinValue, long.MaxValue)}",
        _ => null,
    };

    // A whole number that the option does not accept is out of range.
    private static bool IsWhole(string text) =>
        BigInteger.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);

    private static string Bound(string text, long least, long most) =>
        !IsWhole(text) ? "" : text[0] == '-' ? $" from {least}" : $" up to {most}";

    private static bool IsValid(Type type, string[] words, string text) => Type.GetTypeCode(type) switch
    {
        _ when type.IsEnum => words.Contains(text, StringComparer.OrdinalIgnoreCase),
        TypeCode.Double or TypeCode.Single => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _),
        TypeCode.UInt64 => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _),
        TypeCode.Int32 => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
        _ => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
    };

    private static string Suggestion(string typed, IEnumerable<string> names)
    {
        string near = string.Join(" or ", NearestNames.Of(typed, names, most: 2));
        return near.Length > 0 ? $"; did you mean {near}?" : "";
    }
}
