using System.CommandLine;
using System.Text.RegularExpressions;
using Nvg.Cli.Help;
using Nvg.Cli.Terminal;

namespace Nvg.Cli.Tests;

/// <summary>The help fits a narrow terminal, and long lists of options have headings.</summary>
public partial class HelpLayoutTests
{
    private const int Width = 80;

    public static TheoryData<string> Commands() => [.. Paths(Root.Create(), "")];

    [Theory]
    [MemberData(nameof(Commands))]
    public void Arrange_AnyCommand_FitsTheTerminalAndKeepsEveryOption(string path)
    {
        (Command command, string help) = Recorded(path);
        string arranged = HelpLayout.Arrange(help, command, Width);
        Assert.DoesNotContain(arranged.Split('\n').SkipWhile(line => line != "Options:"), line => line.Length > Width);
        Assert.Equal(Options(help).Order(StringComparer.Ordinal), Options(arranged).Order(StringComparer.Ordinal));
        Assert.Equal(WordsOf(help), WordsOf(arranged));
    }

    [Fact]
    public void Arrange_DefaultOfAnEnumeration_IsWrittenAsItIsTyped()
    {
        (Command command, string help) = Recorded("train");
        Assert.Contains("[default: good]", HelpLayout.Arrange(help, command, int.MaxValue), StringComparison.Ordinal);
    }

    [Fact]
    public void Arrange_Generate_HasAGroupForEachKind()
    {
        (Command command, string help) = Recorded("generate");
        string arranged = HelpLayout.Arrange(help, command, Width);
        string[] headings = [.. arranged.Split('\n').Where(line => line.EndsWith(':') && !line.StartsWith(' '))];
        Assert.Equal(
            ["Description:", "Usage:", "Options:", "Sampling options (the model's settings by default):",
                "Structure:", "Reference and mask:",
                "Interpolation:", "Computation:", "Messages:"],
            headings);
    }

    [Fact]
    public void Groups_EveryName_IsAnOptionOfACommand()
    {
        HashSet<string> known = [.. All(Root.Create()).SelectMany(command => command.Options).Select(option => option.Name),
            CommandRunner.Progress.Name, CommandRunner.Quiet.Name, CommandRunner.Verbose.Name];
        Assert.Subset(known, OptionGroups.All.SelectMany(group => group.Options).ToHashSet());
    }

    [Fact]
    public void Examples_TooLongForTheTerminal_HaveTheirCommentAbove()
    {
        HelpExample[] examples = [new("nvg a", "short"), new("nvg " + new string('b', 70), "long")];
        Assert.Equal(["Examples:", "  # short", "  nvg a", "  # long", $"  {examples[1].Command}", "", ""],
            HelpLayout.Examples(examples, Width).Split('\n'));
        Assert.Contains("nvg a  short\n", HelpLayout.Examples([examples[0]], Width), StringComparison.Ordinal);
    }

    // The recorded help is that of a terminal without an edge; the groups of options are put into one again.
    private static (Command Command, string Help) Recorded(string path)
    {
        string[] words = path.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Command command = words.Aggregate(Root.Create(), (above, word) => above.Subcommands.First(sub => sub.Name == word));
        string file = Repository.PathOf($"tests/Nvg.Cli.Tests/Help/{(words.Length == 0 ? "nvg" : string.Join('-', words))}.txt");
        string help = File.ReadAllText(file).Split("\n\nExamples:")[0];
        foreach ((string heading, _) in OptionGroups.All)
            help = help.Replace($"\n\n{heading}\n", "\n", StringComparison.Ordinal);
        return (command, help);
    }

    private static string[] Options(string help) => [.. OptionLine().Matches(help).Select(match => match.Groups[1].Value)];

    private static string[] WordsOf(string help) => [.. help.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries)
        .Order(StringComparer.Ordinal)
        .Where(word => !OptionGroups.All.Any(group => group.Heading.Contains(word, StringComparison.Ordinal)))];

    private static IEnumerable<Command> All(Command command) => command.Subcommands.SelectMany(All).Prepend(command);

    private static IEnumerable<string> Paths(Command command, string path) =>
        command.Subcommands.SelectMany(sub => Paths(sub, $"{path} {sub.Name}".Trim())).Prepend(path);

    [GeneratedRegex(@"^  (?:-\S+, )*(--[a-z0-9-]+)", RegexOptions.Multiline)]
    private static partial Regex OptionLine();
}
