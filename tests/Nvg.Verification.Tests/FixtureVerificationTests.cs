using Nvg.Verification.Checks;

namespace Nvg.Verification.Tests;

/// <summary>This build against the reference numbers: those of the repository, and the shared ones where they are present.</summary>
public class FixtureVerificationTests
{
    private const string Sets = nameof(ReferenceFixtures.Sets);

    [Theory, MemberData(Sets, MemberType = typeof(ReferenceFixtures))]
    public void Run_Clustering_Passes(string set) => AssertPasses(set, "clustering");

    [Theory, MemberData(Sets, MemberType = typeof(ReferenceFixtures))]
    public void Run_StructureEmbedding_Passes(string set) => AssertPasses(set, "structure_embedding", "scale_factors");

    [Theory, MemberData(Sets, MemberType = typeof(ReferenceFixtures))]
    public void Run_Quantizer_Passes(string set) => AssertPasses(set, "quantizer");

    [Theory, MemberData(Sets, MemberType = typeof(ReferenceFixtures))]
    public void Run_Autoencoder_Passes(string set) => AssertPasses(set, "autoencoder");

    [Theory, MemberData(Sets, MemberType = typeof(ReferenceFixtures))]
    public void Run_Sampling_Passes(string set) => AssertPasses(set, "sampling");

    [Theory, MemberData(Sets, MemberType = typeof(ReferenceFixtures))]
    public void Run_Generate_Passes(string set) => AssertPasses(set, "generate");

    [Theory, MemberData(Sets, MemberType = typeof(ReferenceFixtures))]
    public void Run_GeneratorTrain_Passes(string set) => AssertPasses(set, "generator_train");

    [Theory, MemberData(Sets, MemberType = typeof(ReferenceFixtures))]
    public void Run_Losses_Passes(string set) => AssertPasses(set, "losses");

    [Theory, MemberData(Sets, MemberType = typeof(ReferenceFixtures))]
    public void Run_DinoDiscriminator_Passes(string set) => AssertPasses(set, "dino_disc");

    [Theory, MemberData(Sets, MemberType = typeof(ReferenceFixtures))]
    public void Run_VarTokenizer_Passes(string set) =>
        AssertPasses(set, "var_tokenizer", "a.param.quantize.ema_vocab_hit_SV", "b.param.quantize.ema_vocab_hit_SV");

    [Theory, MemberData(Sets, MemberType = typeof(ReferenceFixtures))]
    public void Run_VarTrain_Passes(string set) => AssertPasses(set, "var_train");

    [Theory, MemberData(Sets, MemberType = typeof(ReferenceFixtures))]
    public void Run_VarGenerate_Passes(string set) => AssertPasses(set, "var_generate");

    [Theory, MemberData(Sets, MemberType = typeof(ReferenceFixtures))]
    public void Run_VarEdit_Passes(string set) => AssertPasses(set, "var_edit");

    // Everything in the file that is output must have been compared, except what is named here.
    private static void AssertPasses(string set, string kind, params string[] notCovered)
    {
        FixtureReport report = ReferenceReports.Of(kind, set);
        using var text = new StringWriter();
        new VerificationReport([report]).WriteText(text);
        Assert.True(report.Failed == 0 && report.Passed > 0, text.ToString());
        Assert.Equal(notCovered, report.NotCovered.Select(u => u.Name));
    }
}
