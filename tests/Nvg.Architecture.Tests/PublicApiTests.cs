using PublicApiGenerator;

namespace Nvg.Architecture.Tests;

/// <summary>
/// The public API of each package is the approved one. After a deliberate change, run these tests with
/// <c>NVG_RECORD_PUBLIC_API=1</c> to write the approved files anew, and review the difference.
/// </summary>
public class PublicApiTests
{
    private const string RecordVariable = "NVG_RECORD_PUBLIC_API";

    [Theory]
    [InlineData("Nvg.Torch")]
    [InlineData("Nvg.Imaging")]
    [InlineData("Nvg")]
    [InlineData("Nvg.Data")]
    [InlineData("Nvg.Training")]
    [InlineData("Nvg.Evaluation")]
    [InlineData("Nvg.Server")]
    [InlineData("Nvg.Extensions.AI")]
    public void PublicApi_OfAPackage_IsApproved(string package)
    {
        string path = Repository.PathOf($"tests/Nvg.Architecture.Tests/PublicApi/{package}.txt");
        string api = Layers.AssemblyOf(package).GeneratePublicApi(new ApiGeneratorOptions { IncludeAssemblyAttributes = false })
            .ReplaceLineEndings("\n").TrimEnd('\n') + "\n";
        if (Environment.GetEnvironmentVariable(RecordVariable) == "1")
            File.WriteAllText(path, api);
        Assert.True(File.Exists(path), $"{path} does not exist; run the test with {RecordVariable}=1 to write it");
        string[] approved = File.ReadAllLines(path), actual = api.TrimEnd('\n').Split('\n');
        string difference = string.Join('\n', approved.Except(actual).Select(line => $"- {line.Trim()}")
            .Concat(actual.Except(approved).Select(line => $"+ {line.Trim()}")));
        Assert.True(approved.SequenceEqual(actual), $"the public API of {package} changed:\n{difference}");
    }
}
