using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Nvg.Torch;

namespace Nvg.Cli;

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
            // A misspelt command also counts as none given; what was typed says more, and stands last.
            string problem = Misspelt(parsed) ?? Plain(parsed.Errors[^1].Message);
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

    // The parser names the types of its options; people know numbers.
    private static string Plain(string message) => Mistyped().Match(message) is { Success: true } m
        ? $"{m.Groups["option"].Value} takes {Kind(m.Groups["type"].Value)}, not '{m.Groups["value"].Value}'"
        : message;

    private static string Kind(string type) => type switch
    {
        "Double" or "Single" => "a number",
        "UInt32" or "UInt64" => "a whole number from 0",
        _ => "a whole number",
    };

    [GeneratedRegex(@"^Cannot parse argument '(?<value>.*)' for option '(?<option>.*)' as expected type '.*?System\.(?<type>U?Int(32|64)|Double|Single)\b.*'\.$")]
    private static partial Regex Mistyped();

    private static Stack<string> CommandPath(ParseResult parsed)
    {
        var names = new Stack<string>();
        for (var result = parsed.CommandResult; result.Parent is System.CommandLine.Parsing.CommandResult parent; result = parent)
            names.Push(result.Command.Name);
        return names;
    }
}
