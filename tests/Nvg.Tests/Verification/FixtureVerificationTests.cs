using Nvg.Torch;
using Nvg.Verification;

namespace Nvg.Tests.Verification;

/// <summary>This build against the reference numbers.</summary>
public class FixtureVerificationTests
{
    [SharedFact("fixtures/clustering.safetensors")]
    public void Run_Clustering_Passes() => AssertPasses("clustering");

    [SharedFact("fixtures/structure_embedding.safetensors")]
    public void Run_StructureEmbedding_Passes() => AssertPasses("structure_embedding", "scale_factors");

    [SharedFact("fixtures/quantizer.safetensors")]
    public void Run_Quantizer_Passes() => AssertPasses("quantizer");

    [SharedFact("fixtures/autoencoder.safetensors")]
    public void Run_Autoencoder_Passes() => AssertPasses("autoencoder");

    // Everything in the file that is output must have been compared, except what is named here.
    private static void AssertPasses(string kind, params string[] notCovered)
    {
        FixtureReport report = FixtureVerification.RunFile(SharedMaterial.Path("fixtures", $"{kind}.safetensors"), Device.Cpu);
        using var text = new StringWriter();
        new VerificationReport([report]).WriteText(text);
        Assert.True(report.Failed == 0 && report.Passed > 0, text.ToString());
        Assert.Equal(notCovered, report.NotCovered.Select(u => u.Name));
    }
}
