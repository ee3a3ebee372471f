using System.CommandLine;
using System.Text.RegularExpressions;
using Nvg.Cli.Terminal;

namespace Nvg.Cli.Tests;

/// <summary>
/// Compares the help of every command with <c>Help/*.txt</c>. Run with <c>NVG_RECORD_HELP=1</c> to record it again.
/// </summary>
public partial class HelpSnapshotTests : CommandTests
{
    private static string Folder => Path.Combine(Repository.Root, "tests", "Nvg.Cli.Tests", "Help");

    public static TheoryData<string> Commands() => [.. Paths(Root.Create(), "")];

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Help_OfACommand_IsAsRecorded(string path)
    {
        string[] words = path.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        CommandResult result = await RunAsync([.. words, "--help"]);
        Assert.Equal((CommandRunner.Done, ""), (result.ExitCode, result.Error));
        string actual = Normalized(result.Output), file = Path.Combine(
            Folder, $"{(words.Length == 0 ? "nvg" : string.Join('-', words))}.txt");
        if (Environment.GetEnvironmentVariable("NVG_RECORD_HELP") == "1")
        {
            Directory.CreateDirectory(Folder);
            await File.WriteAllTextAsync(file, actual);
        }

        Assert.True(File.Exists(file), $"{file} is missing: run the test with NVG_RECORD_HELP=1");
        Assert.Equal(await File.ReadAllTextAsync(file), actual);
    }

    [Fact]
    public void Help_Recorded_HasNoFileOfARemovedCommand() =>
        Assert.Equal(Paths(Root.Create(), "").Count(), Directory.GetFiles(Folder, "*.txt").Length);

    private static IEnumerable<string> Paths(Command command, string path) =>
        command.Subcommands.SelectMany(sub => Paths(sub, $"{path} {sub.Name}".Trim())).Prepend(path);

    // The width of the terminal and the number of cores differ between machines.
    private static string Normalized(string help) =>
        Threads().Replace(
            string.Join('\n', help.ReplaceLineEndings("\n").Split('\n').Select(line => line.TrimEnd())), "$1[default: cores]");

    [GeneratedRegex(@"(--threads <N>[^\n]*)\[default: \d+\]")]
    private static partial Regex Threads();
}
