using Nvg.Torch;
using Nvg.Verification.Checks;

namespace Nvg.Verification.Tests;

/// <summary>Comparisons that do not need references in float32: of a device with the CPU, and of rounded products.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public class OperationVerificationTests
{
    [Fact]
    public void Run_Cpu_KernelsAgreeWithTheFormulas()
    {
        FixtureReport report = OperationVerification.Run(Device.Cpu);
        Assert.Equal("", string.Join('\n', report.Checks.Where(check => !check.Passed).Select(check => $"{check.Name}: {check.Detail}")));
        Assert.True(report.Passed >= 18, $"only {report.Passed} comparisons");
    }

    [Theory]
    [InlineData("autoencoder")]
    [InlineData("generator_train")]
    [InlineData("dino_disc")]
    public void RunFile_BFloat16_IsWithinItsTolerance(string kind)
    {
        FixtureReport report = FixtureVerification.RunFile(ReferenceFixtures.Path($"{kind}.safetensors"), Device.Cpu, ScalarType.BFloat16);
        Assert.Equal("", string.Join('\n', report.Checks.Where(check => !check.Passed).Select(check => $"{check.Name}: {check.Detail}")));
        Assert.NotEmpty(report.Checks);
        // Rounding happened at all.
        Assert.Contains(report.Checks, check => check.MaxRelativeError > 1e-4);
    }

    [Fact]
    public void RunFile_BFloat16_DiscreteChoicesAreNotCompared()
    {
        FixtureReport report =
            FixtureVerification.RunFile(ReferenceFixtures.Path("generate.safetensors"), Device.Cpu, ScalarType.BFloat16);
        Assert.Empty(report.Checks);
        Assert.Contains("BFloat16", report.NotCovered[0].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void CompareRounded_OneLargeError_IsSeen()
    {
        using Tensor reference = Tensor.Full([100], 1), exact = Tensor.Full([100], 1.001), missing = Tensor.Full([100], double.NaN);
        using Tensor wrong = reference.Clone();
        using (Tensor first = wrong.Narrow(0, 0, 1))
            first.FillInPlace(3);
        Assert.True(TensorComparison.CompareRounded("x", reference, exact, 0.1).Passed);
        // 2 / √100
        TensorCheck check = TensorComparison.CompareRounded("x", reference, wrong, 0.1);
        Assert.False(check.Passed);
        Assert.Equal(0.2, check.MaxRelativeError, 6);
        Assert.False(TensorComparison.CompareRounded("x", reference, missing, 0.1).Passed);
    }
}
