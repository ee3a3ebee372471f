using System.Diagnostics;
using Nvg.Cli.Arguments;
using Nvg.Cli.Terminal;

namespace Nvg.Cli.Tests;

/// <summary>Shells complete command lines, options, their values and names.</summary>
public sealed class CompletionTests(TinyModel model) : CommandTests, IClassFixture<TinyModel>
{
    [Theory]
    [InlineData("nvg gen", "generate")]
    [InlineData("./nvg evaluate sam", "samples")]
    [InlineData("nvg generate --structure-k", "--structure-kind")]
    [InlineData("nvg generate --structure-kind l", "labels")]
    [InlineData("nvg evaluate tokenizer --lpips s", "squeeze")]
    [InlineData("nvg generate --dtype b", "bfloat16")]
    [InlineData("nvg completion z", "zsh")]
    public async Task Suggest_BegunWord_IsCompleted(string line, string expected) =>
        Assert.Equal([expected], await SuggestAsync(line, line.Length));

    [Theory]
    [InlineData("d", "deer", "dog")]
    [InlineData("cat,s", "cat,ship")]
    public async Task Suggest_Class_IsOneOfTheNamedModel(string word, params string[] expected)
    {
        string line = $"nvg generate --model {model.Folder} --class {word}";
        Assert.Equal(expected, await SuggestAsync(line, line.Length));
    }

    [Theory]
    [InlineData("nvg generate --structure ")]
    [InlineData("nvg generate --model /nowhere --class d")]
    public async Task Suggest_NothingKnown_LeavesFilesToTheShell(string line) => Assert.Empty(await SuggestAsync(line, line.Length));

    [Fact]
    public async Task Suggest_CursorInTheMiddle_CompletesTheWordBeforeIt() =>
        Assert.Equal(["generate"], await SuggestAsync("nvg gen --count 4", "nvg gen".Length));

    [Fact]
    public async Task Suggest_NoWord_LeavesOptionsAway()
    {
        string[] found = await SuggestAsync("nvg train ", 10);
        Assert.Contains("tokenizer", found);
        Assert.DoesNotContain(found, text => text.StartsWith('-'));
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    public async Task Completion_OfAShell_PrintsItsScript(string shell)
    {
        CommandResult result = await RunAsync("completion", shell);
        Assert.Equal(CommandRunner.Done, result.ExitCode);
        string written = await File.ReadAllTextAsync(Repository.PathOf($"src/Nvg.Cli/Completion/nvg.{shell}"));
        Assert.Equal(written.TrimEnd(), result.Output.TrimEnd());
    }

    [Fact]
    public async Task Completion_InBash_CompletesAClass()
    {
        // As bash calls it when the tabulator is pressed.
        string script = $$"""
            source '{{Repository.PathOf("src/Nvg.Cli/Completion/nvg.bash")}}'
            nvg() { dotnet '{{typeof(CommandRunner).Assembly.Location}}' "$@"; }
            COMP_LINE='nvg generate --class au' COMP_POINT=23 COMP_WORDS=(nvg generate --class au) COMP_CWORD=3
            _nvg
            printf '%s\n' "${COMPREPLY[@]}"
            """;
        var start = new ProcessStartInfo("bash", ["-c", script]) { RedirectStandardOutput = true };
        start.Environment[ModelFolder.Variable] = model.Folder;
        using Process bash = Process.Start(start)!;
        string output = await bash.StandardOutput.ReadToEndAsync();
        await bash.WaitForExitAsync();
        Assert.Equal("automobile\n", output);
    }

    private static async Task<string[]> SuggestAsync(string line, int cursor)
    {
        CommandResult result = await RunAsync($"[suggest:{cursor}]", line);
        Assert.Equal((CommandRunner.Done, ""), (result.ExitCode, result.Error));
        return result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
