using Nvg.Torch.Nn;

namespace Nvg.Torch.Optim;

/// <summary>The exponential moving average of a store's learned tensors, under the same names. Owns its copies.</summary>
public sealed class WeightAverage : IDisposable
{
    private readonly ParameterStore _source;
    private readonly double _decay;

    /// <param name="source">The store to average; borrowed.</param>
    /// <param name="decay">Share of the average that is kept in each step, once the run is long enough.</param>
    /// <param name="includes">Selects the tensors to average by name; null for all.</param>
    public WeightAverage(ParameterStore source, double decay, Func<string, bool>? includes = null)
    {
        _source = source;
        _decay = decay;
        Parameters = source.CloneDetached(includes);
    }

    /// <summary>The averaged tensors, buffers included.</summary>
    public ParameterStore Parameters { get; }

    /// <summary>
    /// Updates the average with the weights after step <paramref name="step"/> (from 1). Early in a run, the decay is faster, so that the
    /// average does not retain the initial weights.
    /// </summary>
    public void Update(long step)
    {
        using GradMode noGrad = Autograd.NoGrad();
        double decay = Math.Min(_decay, (1.0 + step) / (10 + step));
        Tensor[] average = [.. Parameters.TrainableNames.Select(n => Parameters[n])];
        Tensor[] weights = [.. Parameters.TrainableNames.Select(n => _source[n])];
        ForeachOps.Multiply(average, decay);
        ForeachOps.Add(average, weights, 1 - decay);
    }

    /// <inheritdoc/>
    public void Dispose() => Parameters.Dispose();
}
