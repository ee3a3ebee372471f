using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Distributed;

namespace Nvg.Training.Adversarial;

/// <summary>
/// LeCAM (Tseng et al. 2021): keeps the discriminator's logits of one kind of images near the running average of the
/// other kind's, which steadies training on little data.
/// </summary>
internal sealed class LecamRegularizer : IDisposable
{
    private readonly Tensor _real;
    private readonly Tensor _fake;
    private readonly double _decay;
    private readonly TrainingProcesses _processes;
    private Tensor? _sum;

    /// <param name="path">Place of the two averages, which start at zero and belong to the checkpoint.</param>
    /// <param name="decay">Share of an average that stays in a step.</param>
    /// <param name="processes">Those whose logits the averages are of; borrowed. Null for this one alone.</param>
    internal LecamRegularizer(ParameterPath path, double decay, TrainingProcesses? processes = null)
    {
        _real = path.MeasuredBuffer("real_average", [1], Initialization.Zeros);
        _fake = path.MeasuredBuffer("fake_average", [1], Initialization.Zeros);
        (_decay, _processes) = (decay, processes ?? TrainingProcesses.Single);
    }

    /// <summary>Running averages of the logits of real and of fake images; the store's.</summary>
    internal (Tensor Real, Tensor Fake) Averages => (_real, _fake);

    /// <summary>
    /// Updates the averages, then gives the penalty (specification, section 12). The averages move once in a step, by the means
    /// over the whole batch: where a process computes its share in parts, after the last of them, so that the parts' penalties
    /// are all against the averages before the step: the whole batch's means are not known earlier.
    /// </summary>
    /// <param name="real">Logits of real images.</param>
    /// <param name="fake">Logits of as many fake ones.</param>
    /// <param name="share">Which of a batch these are; null for a whole one.</param>
    internal Tensor Update(Tensor real, Tensor fake, BatchShare? share = null)
    {
        using var scope = new TensorScope();
        BatchShare part = share ?? BatchShare.All((int)real.Size(0)), own = _processes.ShareOf(part.Total);
        Collect(real, fake, part, isFirst: part.Start == own.Start);
        if (part == own)
            Move();
        // Copies: the averages move before the backward pass of the last part.
        Tensor realAverage = _real.Clone(), fakeAverage = _fake.Clone();
        if (part != own && part.End == own.End)
            Move();
        return scope.Keep(Functional.Relu(real - fakeAverage).Square().Mean() + Functional.Relu(realAverage - fake).Square().Mean());
    }

    public void Dispose() => _sum?.Dispose();

    // This process's part of the mean logits over the batch, real and fake.
    private void Collect(Tensor real, Tensor fake, BatchShare part, bool isFirst)
    {
        using GradMode noGrad = Autograd.NoGrad();
        Tensor means = Tensor.Stack([real.Mean(), fake.Mean()], 0) * part.Weight;
        if (!isFirst)
            means += _sum!;
        _sum?.Dispose();
        _sum = means.Own();
    }

    private void Move()
    {
        using GradMode noGrad = Autograd.NoGrad();
        _processes.SumInPlace(_sum!);
        foreach ((int i, Tensor average) in new[] { _real, _fake }.Index())
        {
            average.MultiplyInPlace(_decay);
            average.AddInPlace(_sum!.Narrow(0, i, 1), 1 - _decay);
        }
    }
}
