using Nvg.Granularity;
using Nvg.Torch;

namespace Nvg.Evaluation.TokenizerQuality;

/// <summary>Counts how often each code of a codebook is used, per stage.</summary>
public sealed class CodebookUsage
{
    private readonly long[][] _counts;

    /// <param name="stageCount">Number of stages (K + 1).</param>
    /// <param name="codebookSize">Codebook size (V).</param>
    public CodebookUsage(int stageCount, int codebookSize)
    {
        CodebookSize = codebookSize;
        _counts = [.. Enumerable.Range(0, stageCount).Select(_ => new long[codebookSize])];
    }

    /// <summary>Codebook size (V).</summary>
    public int CodebookSize { get; }

    /// <summary>Counts the tokens of sequences.</summary>
    /// <param name="sequence">Borrowed.</param>
    public void Add(GranularitySequence sequence) => Add(sequence.Content);

    /// <summary>Counts the tokens of images, stage by stage.</summary>
    /// <param name="tokens">Codebook indices of each stage; borrowed.</param>
    public void Add(IReadOnlyList<Tensor> tokens)
    {
        for (int i = 0; i < _counts.Length; i++)
        {
            using var scope = new TensorScope();
            long[] counts = tokens[i].Reshape(-1).BinCount(CodebookSize).ToArray<long>();
            for (int code = 0; code < CodebookSize; code++)
                _counts[i][code] += counts[code];
        }
    }

    /// <summary>Share of the codes that a stage uses.</summary>
    public double Usage(int stage) => Usage(_counts[stage]);

    /// <summary>Share of the codes that any stage uses.</summary>
    public double Usage() => Usage(Total());

    /// <summary>Perplexity of a stage's codes: exp of their entropy, from 1 to V; 0 if nothing was counted.</summary>
    public double Perplexity(int stage) => Perplexity(_counts[stage]);

    /// <summary>Perplexity of the codes of all stages together.</summary>
    public double Perplexity() => Perplexity(Total());

    private static double Usage(long[] counts) => counts.Count(c => c > 0) / (double)counts.Length;

    private static double Perplexity(long[] counts)
    {
        double total = counts.Sum();
        return total == 0 ? 0 : Math.Exp(-counts.Where(c => c > 0).Sum(c => c / total * Math.Log(c / total)));
    }

    private long[] Total() => [.. Enumerable.Range(0, CodebookSize).Select(code => _counts.Sum(c => c[code]))];
}
