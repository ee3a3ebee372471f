using Nvg.Torch;
using Nvg.Training.Distributed;

namespace Nvg.Training.Optimization;

/// <summary>
/// Means of named loss terms over the steps since the last reading. Terms stay on their device until they are read, so
/// that a step never waits for it.
/// </summary>
public sealed class LossLog : IDisposable
{
    private readonly Dictionary<string, (Tensor Sum, double Count)> _terms = [];
    private readonly SortedDictionary<int, Tensor> _codeCounts = [];

    /// <summary>What all that is added counts from now on: the share of a step's batch that it is about.</summary>
    internal double Weight { get; set; } = 1;

    /// <summary>Adds one step's value of a term.</summary>
    /// <param name="name">The term.</param>
    /// <param name="value">A tensor with one element; borrowed, cut from autograd.</param>
    /// <param name="weight">What the value counts in the mean, such as the number of images that it is of over the usual number.</param>
    public void Add(string name, Tensor value, double weight = 1)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using Tensor detached = value.Detach();
        weight *= Weight;
        if (_terms.TryGetValue(name, out (Tensor Sum, double Count) term))
        {
            term.Sum.AddInPlace(detached, weight);
            _terms[name] = (term.Sum, term.Count + weight);
        }
        else
        {
            _terms[name] = ((detached * weight).Own(), weight);
        }
    }

    /// <summary>
    /// Adds how often codes were chosen in a stage. What is read, for every stage and for all together, is the share of codes
    /// in use over all steps since the last reading, <c>codebook_usage</c>, and the perplexity of their distribution,
    /// <c>codebook_perplexity</c> (as many codes used evenly would carry as much).
    /// </summary>
    /// <param name="stage">i.</param>
    /// <param name="tokens">Codebook numbers, of any shape; borrowed.</param>
    /// <param name="codebookSize">V.</param>
    public void AddCodes(int stage, Tensor tokens, int codebookSize)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        Tensor token_M = tokens.Reshape(-1);
        if (!_codeCounts.TryGetValue(stage, out Tensor? counts_V))
            _codeCounts[stage] = counts_V = Tensor.Zeros([codebookSize], ScalarType.Float64, tokens.Device).Own();
        // Not bincount, which waits for the device to learn how long its result is.
        counts_V.ScatterAddInPlace(0, token_M, Tensor.Full([token_M.ElementCount], 1, ScalarType.Float64, tokens.Device));
    }

    /// <summary>How often each code was chosen, a tensor per stage; the log's own, to be summed over processes in place.</summary>
    internal IEnumerable<Tensor> CodeCounts => _codeCounts.Values;

    /// <summary>The means in the order in which the terms first came, then what is known of codes, and forgets them.</summary>
    public IReadOnlyList<KeyValuePair<string, double>> TakeMeans() => [.. TakeSums().Select(t => KeyValuePair.Create(t.Name, t.Sum / t.Count))];

    /// <summary>The sums in the order in which the terms first came, then what is known of codes, and forgets them.</summary>
    internal IReadOnlyList<TermSum> TakeSums()
    {
        List<TermSum> sums = [.. _terms.Select(t => new TermSum(t.Key, t.Value.Sum.Item(), t.Value.Count))];
        if (_codeCounts.Count > 0)
        {
            var stages = _codeCounts.Select(c => (Suffix: $"_{c.Key}", Counts: c.Value.ToArray<double>())).ToList();
            double[] all = [.. Enumerable.Range(0, stages[0].Counts.Length).Select(v => stages.Sum(s => s.Counts[v]))];
            sums.AddRange([.. Codebook("", all), .. stages.SelectMany(s => Codebook(s.Suffix, s.Counts))]);
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

    private static TermSum[] Codebook(string suffix, double[] counts)
    {
        double total = counts.Sum(), entropy = counts.Where(c => c > 0).Sum(c => -c / total * Math.Log(c / total));
        return [new($"codebook_usage{suffix}", counts.Count(c => c > 0) / (double)counts.Length, 1), new($"codebook_perplexity{suffix}", Math.Exp(entropy), 1)];
    }
}
