using System.Text.Json;

namespace Nvg.Cli.Tests;

public class PrepareCommandTests : CommandTests
{
    [Theory]
    [InlineData("--size", "0")]
    [InlineData("--threads", "-1")]
    [InlineData("--stored-size", "8")]
    public async Task Prepare_ImpossibleOption_IsWrongUsage(string option, string value)
    {
        CommandResult result = await RunAsync("prepare", InFolder("pictures"), "-o", InFolder("data"), option, value);
        Assert.Equal(CommandRunner.WrongUsage, result.ExitCode);
        Assert.Single(result.Error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task Prepare_Json_DescribesTheDataOnOneStream()
    {
        Tiny.Prepare(InFolder("pictures"), InFolder("first"));
        CommandResult plain = await RunAsync("prepare", InFolder("pictures"), "-o", InFolder("data"), "--size", "8");
        Assert.Equal(CommandRunner.Done, plain.ExitCode);
        Assert.Single(plain.Output.TrimEnd().Split('\n'));
        CommandResult result = await RunAsync("prepare", InFolder("pictures"), "-o", InFolder("again"), "--size", "8", "--json");
        using JsonDocument json = JsonDocument.Parse(result.Output);
        Assert.Equal(8, json.RootElement.GetProperty("size").GetInt32());
        Assert.Equal(2, json.RootElement.GetProperty("classes").GetArrayLength());
    }
}
