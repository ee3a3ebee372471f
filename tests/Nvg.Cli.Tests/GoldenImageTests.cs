using Nvg.Cli.Terminal;
using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;

namespace Nvg.Cli.Tests;

/// <summary>The model that ships still generates the recorded image (<c>tests/fixtures/golden</c>).</summary>
public class GoldenImageTests : CommandTests
{
    // The recorded document is of an earlier format, which has another name for the pixels.
    private const string Structure = "structure", Content = "content", RecordedPixels = "picture", Pixels = "image";

    [Fact]
    public async Task Generate_ShippedModel_GivesTheRecordedTokensAndImage()
    {
        string fixtures = ReferenceFixtures.Path("");
        CommandResult result = await RunAsync(
            "generate", "--model", Path.Combine(fixtures, "..", "..", "models", "nvg-cifar10"), "--class", "ship", "--seed", "7",
            "--output", InFolder("out"), "--save", InFolder("saved"));
        // Progress is reported where the machine is slow, so the error stream need not be empty.
        Assert.True(result.ExitCode == CommandRunner.Done, result.Error);
        using SafetensorsFile expected = SafetensorsFile.Open(Path.Combine(fixtures, "golden", "ship-7.nvg"));
        using SafetensorsFile actual = SafetensorsFile.Open(InFolder("saved/ship/7.nvg"));
        Assert.Equal(Values(expected, Structure), Values(actual, Structure));
        Assert.Equal(Values(expected, Content), Values(actual, Content));
        // The decoder rounds differently on other processors: one grey level at most.
        int[] levels = Values(expected, RecordedPixels), found = Values(actual, Pixels);
        Assert.Equal(levels.Length, found.Length);
        Assert.InRange(levels.Zip(found, (a, b) => Math.Abs(a - b)).Max(), 0, 1);
        Assert.True(levels.Distinct().Count() > 50, "the recorded image shows nothing");
    }

    private static int[] Values(SafetensorsFile file, string name)
    {
        using Tensor values = file[name].To(ScalarType.Int32);
        return values.ToArray<int>();
    }
}
