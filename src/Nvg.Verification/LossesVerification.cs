using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Adversarial;
using Nvg.Verification.Checks;
using Nvg.Verification.Fixtures;

namespace Nvg.Verification;

/// <summary>Checks the adversarial losses, their regulariser over successive batches, and the augmentation, with gradients.</summary>
internal static class LossesVerification
{
    private static readonly Tolerance All = new(1e-5, 1e-5);

    internal static void Run(Fixture fixture)
    {
        CheckGame(fixture);
        CheckAugmentation(fixture);
    }

    private static void CheckGame(Fixture fixture)
    {
        fixture.Require("lecam_init", 0);
        using var averages = new ParameterStore();
        using var lecam =
            new LecamRegularizer(new ParameterPath(averages, ParameterSource.Random(0, fixture.Device)), fixture.Number("lecam_decay"));
        foreach (int batch in fixture.Numbered("logits_real_"))
        {
            using var scope = new TensorScope();
            Tensor real = fixture.DifferentiableInput($"logits_real_{batch}"), fake = fixture.DifferentiableInput($"logits_fake_{batch}");
            fixture.Check($"hinge_d_loss_{batch}", AdversarialLosses.Hinge(real, fake), All);
            fixture.Check($"vanilla_d_loss_{batch}", AdversarialLosses.Vanilla(real, fake), All);
            Tensor generator = AdversarialLosses.NonSaturating(fake);
            fixture.Check($"non_saturating_g_loss_{batch}", generator, All);
            fixture.CheckGradients(generator, [($"non_saturating_g_loss_grad_{batch}", fake)], All);
            Tensor penalty = lecam.Update(real, fake);
            fixture.Check($"lecam_ema_real_{batch}", lecam.Averages.Real, All);
            fixture.Check($"lecam_ema_fake_{batch}", lecam.Averages.Fake, All);
            fixture.Check($"lecam_reg_{batch}", penalty, All);
        }
    }

    private static void CheckAugmentation(Fixture fixture)
    {
        using var scope = new TensorScope();
        fixture.Require("diffaug_cutout", DifferentiableAugmentation.CoveredShare);
        fixture.Require("translation_ratio", DifferentiableAugmentation.LargestShift);
        double probability = fixture.Number("diffaug_prob");
        float[] choice = fixture.Input("diffaug_draw3").ToArray<float>();
        Tensor images = fixture.DifferentiableInput("diffaug_input");
        Tensor augmented = DifferentiableAugmentation.Apply(
            images, choice[0] <= probability, choice[1] <= probability, choice[2] <= probability, fixture.Input("diffaug_draw7"));
        fixture.Check("diffaug_output", augmented, All);
        fixture.CheckGradients((augmented * fixture.Input("diffaug_upstream")).Sum(), [("diffaug_grad_input", images)], All);
    }
}
