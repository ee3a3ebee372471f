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
    private readonly Dictionary<string, Tensor> _codeCounts = [];

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

    /// <summary>
    /// Adds how often codes were chosen. What is read is, over all steps since the last reading, the share of codes in use
    /// and the perplexity of their distribution (as many codes used evenly would carry as much).
    /// </summary>
    /// <param name="suffix">Ends the names <c>codebook_usage</c> and <c>codebook_perplexity</c>.</param>
    /// <param name="tokens">Codebook numbers, of any shape; borrowed.</param>
    /// <param name="codebookSize">V.</param>
    public void AddCodes(string suffix, Tensor tokens, int codebookSize)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        Tensor counts_V = tokens.Reshape(-1).BinCount(codebookSize).To(ScalarType.Float64);
        if (_codeCounts.TryGetValue(suffix, out Tensor? sum_V))
            sum_V.AddInPlace(counts_V);
        else
            _codeCounts[suffix] = counts_V.Own();
    }

    /// <summary>How often each code was chosen, a tensor per name; the log's own, to be summed over processes in place.</summary>
    internal IEnumerable<Tensor> CodeCounts => _codeCounts.Values;

    /// <summary>The means in the order in which the terms first came, then what is known of codes, and forgets them.</summary>
    public IReadOnlyList<KeyValuePair<string, double>> TakeMeans() => [.. TakeSums(1).Select(t => KeyValuePair.Create(t.Name, t.Sum / t.Count))];

    /// <summary>The sums in the order in which the terms first came, then what is known of codes, and forgets them.</summary>
    /// <param name="weight">Factor of sums and counts: the share of a batch that they are about.</param>
    internal IReadOnlyList<TermSum> TakeSums(double weight)
    {
        List<TermSum> sums = [.. _terms.Select(t => new TermSum(t.Key, t.Value.Sum.Item() * weight, t.Value.Count * weight))];
        foreach ((string suffix, Tensor counts_V) in _codeCounts)
        {
            double[] counts = counts_V.ToArray<double>();
            double total = counts.Sum(), entropy = counts.Where(c => c > 0).Sum(c => -c / total * Math.Log(c / total));
            sums.Add(new TermSum($"codebook_usage{suffix}", counts.Count(c => c > 0) / (double)counts.Length * weight, weight));
            sums.Add(new TermSum($"codebook_perplexity{suffix}", Math.Exp(entropy) * weight, weight));
        }

        Dispose();
        return sums;
    }

    /// <summary>Forgets all terms.</summary>
    public void Dispose()
    {
        foreach ((Tensor sum, _) in _terms.Values)
            sum.Dispose();
        foreach (Tensor counts in _codeCounts.Values)
            counts.Dispose();
        _terms.Clear();
        _codeCounts.Clear();
    }
}
