using Nvg.Sampling;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Distributed;
using Nvg.Training.Optimization;

namespace Nvg.Training.Tasks.Distillation;

/// <summary>The generator that a distillation trains: its loss, and a sampler that uses it.</summary>
internal interface IDistilledGenerator
{
    /// <summary>The loss of a process's part of a batch, for autograd; the caller disposes it.</summary>
    /// <param name="step">Step, from 1.</param>
    /// <param name="own">The examples of this process.</param>
    /// <param name="share">The part of the batch that belongs to this process.</param>
    /// <param name="random">Random numbers of the step, the same in all processes.</param>
    /// <param name="log">Receives the unweighted terms.</param>
    Tensor Loss(long step, int[] own, BatchShare share, RandomGenerator random, LossLog log);

    /// <summary>A sampler with this generator; everything else is the teacher's.</summary>
    /// <param name="store">Receives the parameters, which the sampler borrows.</param>
    /// <param name="source">The generator's parameters.</param>
    NvgSampler Sampler(ParameterStore store, ParameterSource source);
}
