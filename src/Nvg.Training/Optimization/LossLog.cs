using Nvg.Torch;
using Nvg.Training.Distributed;

namespace Nvg.Training.Optimization;

/// <summary>
/// Means of named loss terms since the last read. Terms stay on their device until they are read, so that no step waits for the device.
/// </summary>
public sealed class LossLog : IDisposable
{
    private readonly Dictionary<string, (Tensor Sum, double Count)> _terms = [];
    private readonly SortedDictionary<int, Tensor> _codeCounts = [];

    /// <summary>Weight of all values added from now on: their share of the step's batch.</summary>
    internal double Weight { get; set; } = 1;

    /// <summary>Adds the value of a term in one step.</summary>
    /// <param name="name">The term.</param>
    /// <param name="value">A tensor with one element; borrowed and detached from autograd.</param>
    /// <param name="weight">Weight of the value in the mean, such as its number of images over the expected number.</param>
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
    /// Counts the codes chosen in a stage. The log then reports, per stage and for all stages together, the share of codes in use
    /// since the last read (<c>codebook_usage</c>) and the perplexity of their distribution (<c>codebook_perplexity</c>).
    /// </summary>
    /// <param name="stage">Stage, from 0.</param>
    /// <param name="tokens">Code indices, of any shape; borrowed.</param>
    /// <param name="codebookSize">Number of codes (V).</param>
    public void AddCodes(int stage, Tensor tokens, int codebookSize)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        Tensor token_M = tokens.Reshape(-1);
        if (!_codeCounts.TryGetValue(stage, out Tensor? counts_V))
            _codeCounts[stage] = counts_V = Tensor.Zeros([codebookSize], ScalarType.Float64, tokens.Device).Own();
        // Not bincount, which synchronises with the device to find the length of its result.
        counts_V.ScatterAddInPlace(0, token_M, Tensor.Full([token_M.ElementCount], 1, ScalarType.Float64, tokens.Device));
    }

    /// <summary>Counts of each code, one tensor per stage; owned by the log, summed over processes in place.</summary>
    internal IEnumerable<Tensor> CodeCounts => _codeCounts.Values;

    /// <summary>Returns and clears the means: terms in the order of their first addition, then codebook statistics.</summary>
    public IReadOnlyList<KeyValuePair<string, double>> TakeMeans() =>
        [.. TakeSums().Select(t => KeyValuePair.Create(t.Name, t.Sum / t.Count))];

    /// <summary>Returns and clears the sums: terms in the order of their first addition, then codebook statistics.</summary>
    internal IReadOnlyList<TermSum> TakeSums()
    {
        double[] values = Read([.. _terms.Values.Select(t => t.Sum)]);
        List<TermSum> sums = [.. _terms.Select((t, i) => new TermSum(t.Key, values[i], t.Value.Count))];
        if (_codeCounts.Count > 0)
        {
            var stages = _codeCounts.Select(c => (Suffix: $"_{c.Key}", Counts: c.Value.ToArray<double>())).ToList();
            double[] all = [.. Enumerable.Range(0, stages[0].Counts.Length).Select(v => stages.Sum(s => s.Counts[v]))];
            sums.AddRange([.. Codebook("", all), .. stages.SelectMany(s => Codebook(s.Suffix, s.Counts))]);
        }

        Dispose();
        return sums;
    }

    /// <summary>Clears all terms.</summary>
    public void Dispose()
    {
        foreach ((Tensor sum, _) in _terms.Values)
            sum.Dispose();
        foreach (Tensor counts in _codeCounts.Values)
            counts.Dispose();
        _terms.Clear();
        _codeCounts.Clear();
    }

    // One copy from the device for all terms.
    private static double[] Read(Tensor[] numbers)
    {
        if (numbers.Length == 0)
            return [];
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        return Tensor.Stack([.. numbers.Select(number => number.To(ScalarType.Float64).Reshape())], 0).ToArray<double>();
    }

    private static TermSum[] Codebook(string suffix, double[] counts)
    {
        double total = counts.Sum(), entropy = counts.Where(c => c > 0).Sum(c => -c / total * Math.Log(c / total));
        double usage = counts.Count(c => c > 0) / (double)counts.Length;
        return [new($"codebook_usage{suffix}", usage, 1), new($"codebook_perplexity{suffix}", Math.Exp(entropy), 1)];
    }
}
