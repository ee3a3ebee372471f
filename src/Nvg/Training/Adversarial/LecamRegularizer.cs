using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Distributed;

namespace Nvg.Training.Adversarial;

/// <summary>
/// LeCAM (Tseng et al. 2021): keeps the discriminator's logits of one kind of pictures near the running average of the
/// other kind's, which steadies training on little data.
/// </summary>
internal sealed class LecamRegularizer
{
    private readonly Tensor _real;
    private readonly Tensor _fake;
    private readonly double _decay;
    private readonly TrainingProcesses _processes;

    /// <param name="path">Place of the two averages, which start at zero and belong to the checkpoint.</param>
    /// <param name="decay">Share of an average that stays in a step.</param>
    /// <param name="processes">Those whose logits the averages are of; borrowed. Null for this one alone.</param>
    internal LecamRegularizer(ParameterPath path, double decay, TrainingProcesses? processes = null)
    {
        _real = path.MeasuredBuffer("real_average", [1], Initialization.Zeros);
        _fake = path.MeasuredBuffer("fake_average", [1], Initialization.Zeros);
        (_decay, _processes) = (decay, processes ?? TrainingProcesses.Single);
    }

    /// <summary>Running averages of the logits of real and of fake pictures; the store's.</summary>
    internal (Tensor Real, Tensor Fake) Averages => (_real, _fake);

    /// <summary>Updates the averages, then gives the penalty (specification, section 12).</summary>
    internal Tensor Update(Tensor real, Tensor fake)
    {
        using var scope = new TensorScope();
        Move(_real, real);
        Move(_fake, fake);
        // Copies: the averages move again before the backward pass of a step in several parts.
        Tensor realAverage = _real.Clone(), fakeAverage = _fake.Clone();
        return scope.Keep(Functional.Relu(real - fakeAverage).Square().Mean() + Functional.Relu(realAverage - fake).Square().Mean());
    }

    private void Move(Tensor average, Tensor logits)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using Tensor mean = logits.Mean() / _processes.Count;
        _processes.SumInPlace(mean);
        average.MultiplyInPlace(_decay);
        average.AddInPlace(mean, 1 - _decay);
    }
}
