using Nvg.Torch;

namespace Nvg.Training.Adversarial;

/// <summary>Adversarial losses (docs/method.md, section 3.6). Logits are N × patches.</summary>
internal static class AdversarialLosses
{
    /// <summary>Hinge loss of the discriminator: real logits above 1, fake ones below −1.</summary>
    internal static Tensor Hinge(Tensor real, Tensor fake)
    {
        using var scope = new TensorScope();
        return scope.Keep((Functional.Relu(1.0 - real).Mean() + Functional.Relu(fake + 1.0).Mean()) * 0.5);
    }

    /// <summary>Cross-entropy loss of the discriminator.</summary>
    internal static Tensor Vanilla(Tensor real, Tensor fake)
    {
        using var scope = new TensorScope();
        return scope.Keep((Functional.Softplus(-real).Mean() + Functional.Softplus(fake).Mean()) * 0.5);
    }

    /// <summary>Non-saturating loss of the generator: softplus(−x) of the mean logit of each image.</summary>
    internal static Tensor NonSaturating(Tensor fake)
    {
        using var scope = new TensorScope();
        return scope.Keep(Functional.Softplus(-fake.Mean(1)).Mean());
    }
}
