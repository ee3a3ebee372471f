using Nvg.Torch;
using Nvg.Verification.Checks;

namespace Nvg.Verification.Tests;

/// <summary>A checker that cannot fail checks nothing: every way a fixture can disagree must show.</summary>
public class FixtureFailureTests
{
    [Fact]
    public void Run_EveryOutputOfClusteringOff_FailsEach() => AssertEveryOutputMatters("clustering");

    [Fact]
    public void Run_EveryOutputOfStructureEmbeddingOff_FailsEach() => AssertEveryOutputMatters("structure_embedding");

    [Fact]
    public void Run_EveryOutputOfQuantizerOff_FailsEach() => AssertEveryOutputMatters("quantizer");

    [Fact]
    public void Run_EveryOutputOfAutoencoderOff_FailsEach() => AssertEveryOutputMatters("autoencoder");

    [Fact]
    public void Run_EveryOutputOfSamplingOff_FailsEach() => AssertEveryOutputMatters("sampling");

    [Fact]
    public void Run_EveryOutputOfGenerateOff_FailsEach() => AssertEveryOutputMatters("generate");

    [Fact]
    public void Run_EveryOutputOfGeneratorTrainOff_FailsEach() => AssertEveryOutputMatters("generator_train");

    [Fact]
    public void Run_EveryOutputOfLossesOff_FailsEach() => AssertEveryOutputMatters("losses");

    [Fact]
    public void Run_EveryOutputOfDinoDiscriminatorOff_FailsEach() => AssertEveryOutputMatters("dino_disc");

    [Fact]
    public void Run_OneParameterOff_FailsGradientsAndLoss()
    {
        using var folder = new TemporaryFolder();
        using var copy = new FixtureCopy("generator_train");
        copy.Perturb("param.structure_head.linear.bias", v => v + 1);
        FixtureReport report = Run(copy, folder, "generator_train");
        Assert.Contains(report.Checks, c => c is { Name: "loss", Passed: false });
        Assert.Contains(report.Checks, c => c is { Name: "structure_logits", Passed: false });
        Assert.Contains(report.Checks, c => c is { Name: "x0_hat", Passed: true });
    }

    [Fact]
    public void Run_NotANumberInReference_Fails()
    {
        using var folder = new TemporaryFolder();
        using var copy = new FixtureCopy("sampling");
        copy.Perturb("top_p_schedule", _ => double.NaN);
        AssertOneFailure(Run(copy, folder, "sampling"), "top_p_schedule", "NaN");
    }

    [Fact]
    public void Run_NotANumberComputed_Fails()
    {
        using var folder = new TemporaryFolder();
        using var copy = new FixtureCopy("sampling");
        copy.Perturb("timesteps", _ => double.NaN);
        AssertOneFailure(Run(copy, folder, "sampling"), "timestep_embedding", "NaN");
    }

    [Fact]
    public void Run_TruncatedFile_IsOneFailure()
    {
        using var folder = new TemporaryFolder();
        byte[] bytes = File.ReadAllBytes(ReferenceFixtures.Path("quantizer.safetensors"));
        string path = folder.Write("quantizer.safetensors", bytes[..(bytes.Length / 2)]);
        AssertOneFailure(FixtureVerification.RunFile(path, Device.Cpu), "(file)", "truncated");
    }

    [Fact]
    public void Run_NoSafetensorsFile_IsOneFailure()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("losses.safetensors", "not what it says"u8.ToArray());
        AssertOneFailure(FixtureVerification.RunFile(path, Device.Cpu), "(file)", "losses.safetensors");
    }

    [Fact]
    public void Run_MissingOutput_FailsByName()
    {
        using var folder = new TemporaryFolder();
        using var copy = new FixtureCopy("sampling");
        copy.Remove("timestep_embedding");
        AssertOneFailure(Run(copy, folder, "sampling"), "timestep_embedding", "has no such tensor");
    }

    [Fact]
    public void Run_MissingInput_IsOneFailureAndRestNotReached()
    {
        using var folder = new TemporaryFolder();
        using var copy = new FixtureCopy("quantizer");
        copy.Remove("f");
        FixtureReport report = Run(copy, folder, "quantizer");
        AssertOneFailure(report, "(file)", "'f'");
        Assert.Contains(report.NotCovered, u => u is { Name: "fwd_loss", Reason: "not reached" });
    }

    [Fact]
    public void Run_MissingParameter_IsOneFailure()
    {
        using var folder = new TemporaryFolder();
        using var copy = new FixtureCopy("quantizer");
        copy.Remove("param.quant_resi.3.bias");
        AssertOneFailure(Run(copy, folder, "quantizer"), "(file)", "param.quant_resi.3.bias");
    }

    [Fact]
    public void Run_MetadataMissingOrWrong_IsOneFailure()
    {
        using var folder = new TemporaryFolder();
        using var copy = new FixtureCopy("quantizer");
        copy.Metadata["n_e"] = "many";
        AssertOneFailure(Run(copy, folder, "quantizer"), "(file)", "'n_e' has the invalid value 'many'");
        copy.Metadata.Remove("n_e");
        AssertOneFailure(Run(copy, folder, "quantizer"), "(file)", "'n_e' is missing");
    }

    [Fact]
    public void Run_ParameterOfAnotherModel_Fails()
    {
        using var folder = new TemporaryFolder();
        using var copy = new FixtureCopy("quantizer");
        copy.Set("param.surplus.weight", Tensor.Zeros([1]));
        AssertOneFailure(Run(copy, folder, "quantizer"), "param.surplus.weight", "no such parameter");
    }

    [Fact]
    public void Run_UnknownTensor_IsNotCovered()
    {
        using var folder = new TemporaryFolder();
        using var copy = new FixtureCopy("clustering");
        copy.Set("surprise", Tensor.Zeros([1]));
        FixtureReport report = Run(copy, folder, "clustering");
        Assert.Equal(0, report.Failed);
        Assert.Equal("surprise", Assert.Single(report.NotCovered).Name);
    }

    [Fact]
    public void Run_UnknownFileName_IsNotCoveredAndNeverPassed()
    {
        using var folder = new TemporaryFolder();
        using var copy = new FixtureCopy("clustering");
        FixtureReport report = Run(copy, folder, "clusterings");
        Assert.Empty(report.Checks);
        Assert.Equal(copy.Tensors.Count, report.NotCovered.Count);
        Assert.False(new VerificationReport([report]).Succeeded);
    }

    [Fact]
    public void Run_FolderWithoutFixtures_ThrowsOneLine()
    {
        using var folder = new TemporaryFolder();
        folder.Write("README.md", []);
        NvgDataException empty = Assert.Throws<NvgDataException>(() => FixtureVerification.Run(folder.Root, Device.Cpu));
        Assert.Contains("no fixture", empty.Message, StringComparison.Ordinal);
        NvgDataException missing = Assert.Throws<NvgDataException>(() => FixtureVerification.Run(folder["nowhere"], Device.Cpu));
        Assert.Contains("folder not found", missing.Message, StringComparison.Ordinal);
    }

    // Moves one number of every output ten tolerances away; each must then be among the failures.
    private static void AssertEveryOutputMatters(string kind)
    {
        using var folder = new TemporaryFolder();
        using var copy = new FixtureCopy(kind);
        FixtureReport clean = ReferenceReports.Of(kind);
        Dictionary<string, TensorCheck> outputs = [];
        foreach (TensorCheck check in clean.Checks)
        {
            string tensor = check.Name.Split(' ')[0];
            if (copy.Tensors.ContainsKey(tensor))
                outputs.TryAdd(tensor, check);
        }

        Assert.NotEmpty(outputs);
        foreach ((string name, TensorCheck check) in outputs)
        {
            bool exact = check is { RelativeTolerance: 0, AbsoluteTolerance: 0 };
            copy.Perturb(name, v => v + (exact ? 1 : 10 * (check.AbsoluteTolerance + check.RelativeTolerance * Math.Abs(v))));
        }

        FixtureReport report = Run(copy, folder, kind);
        IEnumerable<string> failed = report.Checks.Where(c => !c.Passed).Select(c => c.Name.Split(' ')[0]).Distinct();
        Assert.Empty(outputs.Keys.Except(failed));
    }

    private static FixtureReport Run(FixtureCopy copy, TemporaryFolder folder, string kind) =>
        FixtureVerification.RunFile(copy.Write(folder, kind), Device.Cpu);

    private static void AssertOneFailure(FixtureReport report, string name, string detail)
    {
        TensorCheck failure = Assert.Single(report.Checks, c => !c.Passed);
        Assert.Equal(name, failure.Name);
        Assert.Contains(detail, failure.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', failure.Detail!);
    }
}
