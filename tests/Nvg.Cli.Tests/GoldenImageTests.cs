using Nvg.Cli.Commands;
using Nvg.Cli.Terminal;
using Nvg.Documents;

namespace Nvg.Cli.Tests;

/// <summary>The models that ship still generate the images that were recorded with them.</summary>
public class GoldenImageTests : CommandTests
{
    [Theory]
    [InlineData("nvg-cifar10")]
    [InlineData("nvg-eurosat")]
    public async Task Generate_ShippedModel_GivesTheRecordedTokensAndImage(string model)
    {
        string folder = Repository.PathOf($"models/{model}");
        ImageDocument recorded = ImageDocument.Read(Path.Combine(folder, DoctorCommand.RecordedImage));
        (string label, string seed) = (recorded.Description.Label, $"{recorded.Description.Seed}");
        CommandResult result = await RunAsync(
            "generate", "--model", folder, "--class", label, "--seed", seed, "--output", InFolder("out"), "--save", InFolder("saved"));
        // Progress is reported where the machine is slow, so the error stream need not be empty.
        Assert.True(result.ExitCode == CommandRunner.Done, result.Error);
        ImageDocument image = ImageDocument.Read(InFolder($"saved/{label}/{seed}.nvg"));
        Assert.True(image.Sequence.SequenceEqual(recorded.Sequence), "structure and tokens are those of the recorded image");
        // The decoder rounds differently on other processors: one grey level at most.
        Assert.Equal(recorded.Image.Pixels.Length, image.Image.Pixels.Length);
        Assert.InRange(recorded.Image.Pixels.Zip(image.Image.Pixels, (a, b) => Math.Abs(a - b)).Max(), 0, 1);
        Assert.True(recorded.Image.Pixels.Distinct().Count() > 50, "the recorded image shows nothing");
    }
}
