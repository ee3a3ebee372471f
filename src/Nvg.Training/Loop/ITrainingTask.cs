using Nvg.Imaging;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Distributed;
using Nvg.Training.Optimization;

namespace Nvg.Training.Loop;

/// <summary>What is trained: parameters, a loss over examples of a data set, and the model folder that comes out.</summary>
public interface ITrainingTask : IDisposable
{
    /// <summary>What is learned.</summary>
    ParameterStore Parameters { get; }

    /// <summary>How the parameters are learned, in groups that do not overlap; what is in none of them stays as it is.</summary>
    IReadOnlyList<ParameterGroup> Groups => [new ParameterGroup("", [.. Parameters.TrainableNames])];

    /// <summary>Whether the running average of the weights has a tensor of the parameters.</summary>
    bool IsAveraged(string name) => true;

    /// <summary>Examples that an epoch goes through.</summary>
    int ExampleCount { get; }

    /// <summary>Identifies settings and data: a run continues only with the same ones.</summary>
    string Fingerprint { get; }

    /// <summary>Says which batch <see cref="Loss"/> will be asked for soon, so that a process's share of it can be made ready meanwhile.</summary>
    void Prefetch(long step, IReadOnlyList<int> examples)
    {
    }

    /// <summary>The loss of a part of a step's batch, for autograd; the caller disposes it.</summary>
    /// <param name="step">From 0.</param>
    /// <param name="examples">Numbers of the examples of the whole batch.</param>
    /// <param name="share">Which of them the loss is of. The parts of a process's share come one after the other.</param>
    /// <param name="random">
    /// All randomness of the step, seeded by run and step: in the same state for every part and in every process. What it draws
    /// is for the whole batch, and a part takes its rows, so that draws do not depend on how the batch is divided.
    /// </param>
    /// <param name="log">Receives the terms by name.</param>
    /// <returns>The mean over the share.</returns>
    Tensor Loss(long step, IReadOnlyList<int> examples, BatchShare share, RandomGenerator random, LossLog log);

    /// <summary>Shows what has been learned, the same examples or seeds every time.</summary>
    /// <param name="parameters">In place of the learned ones; borrowed.</param>
    /// <returns>Null for a task that has nothing to show.</returns>
    RgbImage? Preview(IReadOnlyDictionary<string, Tensor> parameters) => null;

    /// <summary>Writes a model folder with the given parameters in place of the learned ones.</summary>
    /// <param name="folder">The folder to write.</param>
    /// <param name="parameters">The running average of the parameters, those of which there is one.</param>
    void Export(string folder, IReadOnlyDictionary<string, Tensor> parameters);
}
