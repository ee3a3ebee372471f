using System.Reflection;
using Nvg.Cli.Terminal;
using Nvg.Imaging;

namespace Nvg.Cli.Tests;

/// <summary>The first program of README and docs/library.md works as it is written there.</summary>
public class FirstProgramTests(TinyShippedModel model) : CommandTests, IClassFixture<TinyShippedModel>
{
    private static string Program => File.ReadAllText(Repository.PathOf("examples/FirstProgram/Program.cs"));

    [Fact]
    public async Task Run_WithAnyModel_WritesItsImagesAndThoseOfTheCommand()
    {
        Directory.CreateDirectory(InFolder("models"));
        Directory.CreateSymbolicLink(InFolder("models/nvg-eurosat"), model.Folder);
        await RunAndCompareAsync();
    }

    [Fact]
    public async Task Run_WithTheShippedModel_GivesTheBytesOfTheCommand()
    {
        Directory.CreateDirectory(InFolder("models"));
        Directory.CreateSymbolicLink(InFolder("models/nvg-eurosat"), Repository.PathOf("models/nvg-eurosat"));
        await RunAndCompareAsync();
    }

    [Theory]
    [InlineData("README.md")]
    [InlineData("docs/library.md")]
    public void Page_ShowsTheProgramThatIsTested(string page) =>
        Assert.Contains(Program.Trim(), File.ReadAllText(Repository.PathOf(page)), StringComparison.Ordinal);

    private async Task RunAndCompareAsync()
    {
        File.Copy(Repository.PathOf("examples/images/river.png"), InFolder("drawing.png"));
        string before = Environment.CurrentDirectory;
        try
        {
            Environment.CurrentDirectory = InFolder("");
            MethodInfo main = Assembly.Load("Nvg.FirstProgram").EntryPoint!;
            await Task.Run(() => main.Invoke(null, [Array.Empty<string>()]));
        }
        finally
        {
            Environment.CurrentDirectory = before;
        }

        string folder = InFolder("models/nvg-eurosat");
        CommandResult plain = await RunAsync("generate", "--model", folder, "--class", "river", "--seed", "7", "-o", InFolder("plain"));
        CommandResult steered = await RunAsync(
            "generate", "--model", folder, "--class", "river", "--seed", "7", "--structure", InFolder("drawing.png"),
            "-o", InFolder("steered"));
        Assert.Equal((CommandRunner.Done, CommandRunner.Done), (plain.ExitCode, steered.ExitCode));
        Assert.Equal(File.ReadAllBytes(InFolder("plain/river/7.png")), File.ReadAllBytes(InFolder("river.png")));
        Assert.Equal(File.ReadAllBytes(InFolder("steered/river/7.png")), File.ReadAllBytes(InFolder("steered.png")));
        Assert.NotEqual(File.ReadAllBytes(InFolder("river.png")), File.ReadAllBytes(InFolder("steered.png")));
        // After the last stage the preview is the image.
        int last = Directory.GetFiles(InFolder(""), "stage*.png").Length - 1;
        Assert.Equal(ImageFile.Read(InFolder("steered.png")).Pixels, ImageFile.Read(InFolder($"stage{last}.png")).Pixels);
    }
}
