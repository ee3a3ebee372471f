using System.CommandLine;
using System.Reflection;
using Nvg.Cli.Terminal;

namespace Nvg.Cli.Commands;

/// <summary><c>nvg completion</c>: prints the script that completes command lines in a shell.</summary>
internal sealed class CompletionCommand
{
    private readonly Argument<CompletedShell> _shell = new("shell") { Description = "bash, zsh or fish" };

    internal static Command Create()
    {
        var arguments = new CompletionCommand();
        arguments._shell.CompletionSources.Clear();
        arguments._shell.CompletionSources.Add(Enum.GetNames<CompletedShell>().Select(name => name.ToLowerInvariant()).ToArray());
        var command = new Command("completion", "Print the script that completes command lines in a shell") { arguments._shell };
        command.SetAction(arguments.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        foreach (string line in Script(parsed.GetRequiredValue(_shell)).TrimEnd().Split('\n'))
            ConsoleText.Print(line);
        return CommandRunner.Done;
    }

    private static string Script(CompletedShell shell)
    {
        string name = $"completion/nvg.{shell.ToString().ToLowerInvariant()}";
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is not part of this program");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
