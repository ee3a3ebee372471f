namespace Nvg.Verification.Tests;

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

    [SharedFact("fixtures/sampling.safetensors")]
    public void Run_Sampling_Passes() => AssertPasses("sampling");

    [SharedFact("fixtures/generate.safetensors")]
    public void Run_Generate_Passes() => AssertPasses("generate");

    [SharedFact("fixtures/generator_train.safetensors")]
    public void Run_GeneratorTrain_Passes() => AssertPasses("generator_train");

    [SharedFact("fixtures/losses.safetensors")]
    public void Run_Losses_Passes() => AssertPasses("losses");

    [SharedFact("fixtures/dino_disc.safetensors")]
    public void Run_DinoDiscriminator_Passes() => AssertPasses("dino_disc");

    // Everything in the file that is output must have been compared, except what is named here.
    private static void AssertPasses(string kind, params string[] notCovered)
    {
        FixtureReport report = ReferenceReports.Of(kind);
        using var text = new StringWriter();
        new VerificationReport([report]).WriteText(text);
        Assert.True(report.Failed == 0 && report.Passed > 0, text.ToString());
        Assert.Equal(notCovered, report.NotCovered.Select(u => u.Name));
    }
}
