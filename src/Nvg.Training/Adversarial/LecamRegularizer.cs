using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Distributed;

namespace Nvg.Training.Adversarial;

/// <summary>
/// LeCAM (Tseng et al. 2021): keeps the logits of real images near the running average for fake images and vice versa, which
/// stabilises training with limited data.
/// </summary>
internal sealed class LecamRegularizer : IDisposable
{
    private readonly Tensor _real;
    private readonly Tensor _fake;
    private readonly double _decay;
    private readonly TrainingProcesses _processes;
    private Tensor? _sum;

    /// <param name="path">Path of the two averages, which start at zero and are part of the checkpoint.</param>
    /// <param name="decay">Decay of the averages per step.</param>
    /// <param name="processes">The processes that train together; borrowed. Null for a single one.</param>
    internal LecamRegularizer(ParameterPath path, double decay, TrainingProcesses? processes = null)
    {
        _real = path.MeasuredBuffer("real_average", [1], Initialization.Zeros);
        _fake = path.MeasuredBuffer("fake_average", [1], Initialization.Zeros);
        (_decay, _processes) = (decay, processes ?? TrainingProcesses.Single);
    }

    /// <summary>Running averages of the logits of real and fake images; owned by the parameter store.</summary>
    internal (Tensor Real, Tensor Fake) Averages => (_real, _fake);

    /// <summary>
    /// Updates the averages and returns the penalty (docs/method.md, section 3.6). The averages are updated once per step, with
    /// the means of the whole batch. With micro-batches, the means are known only after the last one, so all penalties refer to
    /// the averages before the step.
    /// </summary>
    /// <param name="real">Logits of real images.</param>
    /// <param name="fake">Logits of the same number of fake images.</param>
    /// <param name="share">The range of the batch that the images come from; null for a whole batch.</param>
    internal Tensor Update(Tensor real, Tensor fake, BatchShare? share = null)
    {
        using var scope = new TensorScope();
        BatchShare part = share ?? BatchShare.All((int)real.Size(0)), own = _processes.ShareOf(part.Total);
        Collect(real, fake, part, isFirst: part.Start == own.Start);
        if (part == own)
            Move();
        // Copies, because the averages are updated before the backward pass of the last part.
        Tensor realAverage = _real.Clone(), fakeAverage = _fake.Clone();
        if (part != own && part.End == own.End)
            Move();
        return scope.Keep(Functional.Relu(real - fakeAverage).Square().Mean() + Functional.Relu(realAverage - fake).Square().Mean());
    }

    /// <inheritdoc/>
    public void Dispose() => _sum?.Dispose();

    // Accumulates this process's contribution to the mean logits of the batch, real and fake.
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
