using Nvg.Torch;
using Nvg.Training.Distributed;

namespace Nvg.Training;

/// <summary>
/// Means of named loss terms over the steps since the last reading. Terms stay on their device until they are read, so
/// that a step never waits for it.
/// </summary>
public sealed class LossLog : IDisposable
{
    private readonly Dictionary<string, (Tensor Sum, int Count)> _terms = [];

    /// <summary>Adds one step's value of a term.</summary>
    /// <param name="name">The term.</param>
    /// <param name="value">A tensor with one element; borrowed, cut from autograd.</param>
    public void Add(string name, Tensor value)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using Tensor detached = value.Detach();
        if (_terms.TryGetValue(name, out (Tensor Sum, int Count) term))
        {
            term.Sum.AddInPlace(detached);
            _terms[name] = (term.Sum, term.Count + 1);
        }
        else
        {
            _terms[name] = (detached.Clone().Own(), 1);
        }
    }

    /// <summary>The means in the order in which the terms first came, and forgets them.</summary>
    public IReadOnlyList<KeyValuePair<string, double>> TakeMeans()
    {
        List<KeyValuePair<string, double>> means = [.. _terms.Select(t => KeyValuePair.Create(t.Key, t.Value.Sum.Item() / t.Value.Count))];
        Dispose();
        return means;
    }

    /// <summary>The sums in the order in which the terms first came, and forgets them.</summary>
    /// <param name="weight">Factor of sums and counts: the share of a batch that they are about.</param>
    internal IReadOnlyList<TermSum> TakeSums(double weight)
    {
        List<TermSum> sums = [.. _terms.Select(t => new TermSum(t.Key, t.Value.Sum.Item() * weight, t.Value.Count * weight))];
        Dispose();
        return sums;
    }

    /// <summary>Forgets all terms.</summary>
    public void Dispose()
    {
        foreach ((Tensor sum, _) in _terms.Values)
            sum.Dispose();
        _terms.Clear();
    }
}
