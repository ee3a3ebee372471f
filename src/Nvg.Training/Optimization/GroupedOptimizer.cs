using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Torch.Optim;

namespace Nvg.Training.Optimization;

/// <summary>AdamW for every parameter group of a task. Each group has its own moments, step count and gradient norm.</summary>
internal sealed class GroupedOptimizer : IDisposable
{
    private readonly List<(ParameterGroup Group, AdamW Optimizer, Tensor Steps)> _groups = [];
    private readonly double _clipNorm;

    internal GroupedOptimizer(ParameterStore parameters, IEnumerable<ParameterGroup> groups, TrainingOptions options)
    {
        _clipNorm = options.ClipNorm;
        foreach (ParameterGroup group in groups)
        {
            var optimizer = new AdamW(parameters, group.Names)
            {
                Beta1 = options.Beta1,
                Beta2 = options.Beta2,
                WeightDecay = group.WeightDecay ?? options.WeightDecay,
                NotDecayed = group.NotDecayed.ToHashSet(),
            };
            _groups.Add((group, optimizer, Tensor.Zeros([1], ScalarType.Int64, parameters[group.Names[0]].Device).Own()));
        }
    }

    /// <summary>Step count of the first group.</summary>
    internal long StepCount => _groups[0].Optimizer.StepCount;

    /// <summary>The moments by name, and the step counts of all groups but the first; borrowed.</summary>
    internal IEnumerable<KeyValuePair<string, Tensor>> State => _groups.SelectMany((g, i) => i == 0
        ? g.Optimizer.State
        : [.. g.Optimizer.State, KeyValuePair.Create(StepsName(g.Group), g.Steps)]);

    /// <summary>Clips the gradient norm of every group, and logs the norms before clipping.</summary>
    internal void ClipGradients(LossLog log)
    {
        foreach ((ParameterGroup group, AdamW optimizer, _) in _groups)
        {
            using Tensor? norm = optimizer.ClipGradients(_clipNorm);
            if (norm is not null)
                log.Add(group.Name.Length == 0 ? "gradient_norm" : $"gradient_norm_{group.Name}", norm);
        }
    }

    /// <summary>Takes a step with the accumulated gradients and clears them.</summary>
    /// <param name="learningRate">Learning rate of the run in this step.</param>
    /// <param name="weightDecay">Weight decay of the run in this step, for groups without their own value.</param>
    internal void Step(double learningRate, double weightDecay)
    {
        foreach ((ParameterGroup group, AdamW optimizer, Tensor steps) in _groups)
        {
            optimizer.WeightDecay = group.WeightDecay ?? weightDecay;
            optimizer.Step(learningRate * group.LearningRateFactor);
            steps.FillInPlace(optimizer.StepCount);
        }
    }

    /// <summary>Restores stored moments and step counts.</summary>
    internal void Restore(IReadOnlyDictionary<string, Tensor> state, long stepCount)
    {
        foreach (((ParameterGroup group, AdamW optimizer, Tensor steps), int i) in _groups.Select((g, i) => (g, i)))
        {
            optimizer.Restore(state, i == 0 ? stepCount : (long)state[StepsName(group)].Item());
            steps.FillInPlace(optimizer.StepCount);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((_, AdamW optimizer, Tensor steps) in _groups)
        {
            optimizer.Dispose();
            steps.Dispose();
        }
    }

    private static string StepsName(ParameterGroup group) => $"steps.{group.Name}";
}
