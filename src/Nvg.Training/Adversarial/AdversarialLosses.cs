using Nvg.Torch;

namespace Nvg.Training.Adversarial;

/// <summary>Losses of the two players (specification, sections 3 and 12). Logits: N × parts.</summary>
internal static class AdversarialLosses
{
    /// <summary>The discriminator's: real logits above 1, fake ones below −1.</summary>
    internal static Tensor Hinge(Tensor real, Tensor fake)
    {
        using var scope = new TensorScope();
        return scope.Keep((Functional.Relu(1.0 - real).Mean() + Functional.Relu(fake + 1.0).Mean()) * 0.5);
    }

    /// <summary>The discriminator's, as the cross-entropy of telling both kinds apart.</summary>
    internal static Tensor Vanilla(Tensor real, Tensor fake)
    {
        using var scope = new TensorScope();
        return scope.Keep((Functional.Softplus(-real).Mean() + Functional.Softplus(fake).Mean()) * 0.5);
    }

    /// <summary>The generator's, non-saturating: logits of an image are averaged first, then softplus(−·).</summary>
    internal static Tensor NonSaturating(Tensor fake)
    {
        using var scope = new TensorScope();
        return scope.Keep(Functional.Softplus(-fake.Mean(1)).Mean());
    }
}
