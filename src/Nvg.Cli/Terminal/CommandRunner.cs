using System.CommandLine;
using System.CommandLine.Parsing;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using Nvg.Configuration;
using Nvg.Torch;

namespace Nvg.Cli.Terminal;

/// <summary>Runs a command line: signals become cancellation, exceptions one clear line and the exit code of the contract.</summary>
internal static partial class CommandRunner
{
    internal const int Done = 0, Failed = 1, WrongUsage = 2, UnusableData = 3, Interrupted = 130;

    // Cluster managers send it some time before they take the machine away. .NET has no name for it.
    private const PosixSignal User1 = (PosixSignal)10;

    /// <summary>Adds the trace to an error's line.</summary>
    internal static readonly Option<bool> Verbose = new("--verbose") { Description = "Show where an error came from", Recursive = true };

    internal static async Task<int> RunAsync(Command root, string[] args)
    {
        root.Options.Add(Verbose);
        ParseResult parsed = root.Parse(args is ["help", .. var command] ? [.. command, "--help"] : args);
        if (parsed.Errors.Count > 0)
        {
            // A misspelt command also counts as none given, and an unknown option's value as an argument too many: what was
            // typed says more than what follows from it.
            string problem = Misspelt(parsed) ?? UnknownOption(parsed) ?? Plain(parsed.Errors[^1]);
            await Console.Error.WriteLineAsync($"nvg: {problem} (nvg {string.Join(' ', CommandPath(parsed))} --help shows the options)".Replace("  ", " ", StringComparison.Ordinal));
            return WrongUsage;
        }

        using var cancellation = new CancellationTokenSource();
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Cancel);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel);
        using PosixSignalRegistration? user = OperatingSystem.IsLinux() ? PosixSignalRegistration.Create(User1, Cancel) : null;
        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, cancellation.Token);
        }
        catch (Exception error)
        {
            return Report(error, parsed.GetValue(Verbose));
        }

        // The work ends itself at the next safe point; a second Ctrl-C ends the process at once. SIGTERM may well come
        // twice, from a cluster manager and from the launcher that it told too.
        void Cancel(PosixSignalContext context)
        {
            context.Cancel = context.Signal != PosixSignal.SIGINT || !cancellation.IsCancellationRequested;
            cancellation.Cancel();
        }
    }

    /// <summary>The exit code that belongs to an exception.</summary>
    internal static int ExitCodeOf(Exception error) => error switch
    {
        OperationCanceledException => Interrupted,
        UsageException => WrongUsage,
        NvgDataException => UnusableData,
        _ => Failed,
    };

    /// <summary>Says what happened in one line.</summary>
    /// <returns>The exit code.</returns>
    internal static int Report(Exception error, bool verbose)
    {
        string line = error switch
        {
            OperationCanceledException => "interrupted",
            TorchOutOfMemoryException => $"out of memory: {error.Message}",
            _ => error.Message.ReplaceLineEndings(" "),
        };
        Console.Error.WriteLine($"nvg: {line}");
        if (verbose)
            Console.Error.WriteLine(error);
        return ExitCodeOf(error);
    }

    // The first word that is no command where one is needed; the parser would complain of the last word.
    private static string? Misspelt(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        if (command.Subcommands.Count == 0 || parsed.UnmatchedTokens is not [var typed, ..] || typed.StartsWith('-'))
            return null;
        string near = string.Join(" or ", NearestNames.Of(typed, command.Subcommands.Select(c => c.Name), most: 2));
        return $"there is no command '{typed}'{(near.Length > 0 ? $"; did you mean {near}?" : "")}";
    }

    private static string? UnknownOption(ParseResult parsed)
    {
        if (parsed.UnmatchedTokens.FirstOrDefault(t => t.StartsWith("--", StringComparison.Ordinal)) is not { } typed)
            return null;
        string near = string.Join(" or ", NearestNames.Of(typed, parsed.CommandResult.Command.Options.Select(o => o.Name), most: 2));
        return $"there is no option '{typed}'{(near.Length > 0 ? $"; did you mean {near}?" : "")}";
    }

    // The parser names the types of its options; people know numbers and words.
    private static string Plain(ParseError error) => Mistyped().Match(error.Message) is { Success: true } m && error.SymbolResult is OptionResult { Option: var option }
        ? $"{option.Name} takes {Kind(Nullable.GetUnderlyingType(option.ValueType) ?? option.ValueType)}, not '{m.Groups["value"].Value}'"
        : error.Message.ReplaceLineEndings(" ");

    private static string Kind(Type type) => Type.GetTypeCode(type) switch
    {
        _ when type.IsEnum => $"one of {string.Join(", ", Enum.GetNames(type).Select(JsonNamingPolicy.CamelCase.ConvertName))}",
        TypeCode.Double or TypeCode.Single => "a number",
        TypeCode.UInt32 or TypeCode.UInt64 => "a whole number from 0",
        _ => "a whole number",
    };

    [GeneratedRegex("^Cannot parse argument '(?<value>.*)' for option '")]
    private static partial Regex Mistyped();

    private static Stack<string> CommandPath(ParseResult parsed)
    {
        var names = new Stack<string>();
        for (var result = parsed.CommandResult; result.Parent is CommandResult parent; result = parent)
            names.Push(result.Command.Name);
        return names;
    }
}
