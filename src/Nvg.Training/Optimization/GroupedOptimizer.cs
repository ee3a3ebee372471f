using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Torch.Optim;

namespace Nvg.Training.Optimization;

/// <summary>AdamW for every parameter group of a task, each with its own moments, step count and gradient norm.</summary>
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
            };
            _groups.Add((group, optimizer, Tensor.Zeros([1], ScalarType.Int64, parameters[group.Names[0]].Device).Own()));
        }
    }

    /// <summary>Steps of the first group.</summary>
    internal long StepCount => _groups[0].Optimizer.StepCount;

    /// <summary>The moments by name, and the steps of groups beyond the first; they stay the optimizer's.</summary>
    internal IEnumerable<KeyValuePair<string, Tensor>> State => _groups.SelectMany((g, i) => i == 0
        ? g.Optimizer.State
        : [.. g.Optimizer.State, KeyValuePair.Create(StepsName(g.Group), g.Steps)]);

    /// <summary>Scales the gradients of every group down to the run's largest norm, and logs the norms before.</summary>
    internal void ClipGradients(LossLog log)
    {
        foreach ((ParameterGroup group, AdamW optimizer, _) in _groups)
        {
            using Tensor? norm = optimizer.ClipGradients(_clipNorm);
            if (norm is not null)
                log.Add(group.Name.Length == 0 ? "gradient_norm" : $"gradient_norm_{group.Name}", norm);
        }
    }

    /// <summary>One step on the accumulated gradients, which it clears.</summary>
    internal void Step(double learningRate)
    {
        foreach ((ParameterGroup group, AdamW optimizer, Tensor steps) in _groups)
        {
            optimizer.Step(learningRate * group.LearningRateFactor);
            steps.FillInPlace(optimizer.StepCount);
        }
    }

    /// <summary>Continues from stored moments.</summary>
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
