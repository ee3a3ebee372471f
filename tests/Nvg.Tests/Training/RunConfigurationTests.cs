using Nvg.Training;

namespace Nvg.Tests.Training;

public class RunConfigurationTests
{
    [Theory]
    [InlineData("[1, 2]")]
    [InlineData("3")]
    [InlineData("{ \"name\": \"a\", \"training\": { \"steps\": 1, \"steps\": 2 } }")]
    public void Read_NoSettingsOrKeysTwice_IsRefusedWithOneLine(string json)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["config.json"], json);
        var error = Assert.Throws<NvgDataException>(() => RunConfiguration.Read<TokenizerRunConfig>(folder["config.json"], ["training.steps=3"]));
        Assert.Contains("config.json", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }
}
