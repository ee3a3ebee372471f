using Nvg.Imaging;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Distributed;
using Nvg.Training.Optimization;

namespace Nvg.Training.Loop;

/// <summary>
/// What a <see cref="Trainer"/> trains: parameters, a loss over the examples of a data set, and the resulting model folder.
/// </summary>
public interface ITrainingTask : IDisposable
{
    /// <summary>All parameters and buffers of the task.</summary>
    ParameterStore Parameters { get; }

    /// <summary>Disjoint groups of learned parameters. Parameters outside all groups keep their values.</summary>
    IReadOnlyList<ParameterGroup> Groups => [new ParameterGroup("", [.. Parameters.TrainableNames])];

    /// <summary>Whether the running average of the weights includes a parameter or buffer.</summary>
    bool IsAveraged(string name) => true;

    /// <summary>Number of examples in an epoch.</summary>
    int ExampleCount { get; }

    /// <summary>Identifies settings and data; a run resumes only with the same fingerprint.</summary>
    string Fingerprint { get; }

    /// <summary>Starts loading this process's share of an upcoming batch.</summary>
    void Prefetch(long step, IReadOnlyList<int> examples)
    {
    }

    /// <summary>The loss of a part of a batch, for autograd; the caller disposes it.</summary>
    /// <param name="step">From 0.</param>
    /// <param name="examples">Indices of the examples of the whole batch.</param>
    /// <param name="share">The range of the batch to compute. The micro-batches of a process come in order.</param>
    /// <param name="random">
    /// The source of all randomness of the step, seeded by run and step, in the same state for every part and process. Draw for
    /// the whole batch and take the rows of the part, so that draws do not depend on how the batch is divided.
    /// </param>
    /// <param name="log">Receives the terms of the loss by name.</param>
    /// <returns>The mean over the part.</returns>
    Tensor Loss(long step, IReadOnlyList<int> examples, BatchShare share, RandomGenerator random, LossLog log);

    /// <summary>An image that shows what has been learned, from the same examples or seeds every time.</summary>
    /// <param name="parameters">Parameters to use instead of the learned ones; borrowed.</param>
    /// <returns>Null if the task has nothing to show.</returns>
    RgbImage? Preview(IReadOnlyDictionary<string, Tensor> parameters) => null;

    /// <summary>Writes a model folder with the given parameters instead of the learned ones.</summary>
    /// <param name="folder">The folder to write.</param>
    /// <param name="parameters">The running average of the averaged parameters.</param>
    void Export(string folder, IReadOnlyDictionary<string, Tensor> parameters);
}
