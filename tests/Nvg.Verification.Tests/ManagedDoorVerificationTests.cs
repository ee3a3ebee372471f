using Nvg.Torch;
using Nvg.Verification.Checks;

namespace Nvg.Verification.Tests;

/// <summary>The repository's reference numbers through the managed door: everything but gradients and adversarial training.</summary>
public class ManagedDoorVerificationTests
{
    private const int ComparisonsWithoutGradients = 380;

    [ManagedDoorFact]
    public void Run_ManagedDoor_PassesWhatNeedsNoGradients()
    {
        var report = new VerificationReport([.. FixtureVerification.Run(ReferenceFixtures.Path(""), Device.Cpu)]);
        using var text = new StringWriter();
        report.WriteText(text);
        Assert.True(report.Failed == 0, text.ToString());
        Assert.InRange(report.Passed, ComparisonsWithoutGradients, int.MaxValue);
    }
}
