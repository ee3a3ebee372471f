using Nvg.Cli.Terminal;

namespace Nvg.Cli.Tests;

public class TokenizerAloneTests(TinyModel model) : CommandTests, IClassFixture<TinyModel>
{
    [Theory]
    [InlineData("generate", "-o", "OUT.png", "--model", "MODEL")]
    [InlineData("sample", "-o", "OUT.npz", "--model", "MODEL")]
    [InlineData("evaluate", "cost", "MODEL")]
    [InlineData("evaluate", "control", "--data", "OUT", "--model", "MODEL")]
    public async Task Command_NeedsAGenerator_SaysSoInTheSameLine(params string[] arguments)
    {
        string folder = InFolder("tokenizer");
        using (NvgModel whole = NvgModel.Load(model.Folder))
            NvgModel.Save(folder, whole.Config with { Generator = null }, whole.Tokenizer.Parameters, null, []);
        CommandResult result = await RunAsync(
            [.. arguments.Select(a => a == "MODEL" ? folder : a.Replace("OUT", InFolder("out"), StringComparison.Ordinal))]);
        Assert.Equal(CommandRunner.UnusableData, result.ExitCode);
        Assert.Equal(
            $"nvg: {folder}: holds a tokenizer without generator: it reconstructs, but does not generate; "
                + "train one with nvg train generator",
            result.Error.TrimEnd().Split('\n')[^1]);
    }
}
