using Nvg.Torch;

namespace Nvg.Evaluation.Neighbours;

/// <summary>
/// Finds the nearest reference vectors of each query by Euclidean distance. The reference is added in tiles and never held in
/// memory as a whole, so it may be the pixels of a large data set. Owns a copy of the queries.
/// </summary>
public sealed class NearestNeighbours : IDisposable
{
    private const int MostQueries = 256;

    // |a|² + |b|² − 2ab loses digits if a and b are close. Therefore, vectors are centred on the mean of the queries, and more
    // candidates than needed are kept and measured directly.
    private const int SpareCandidates = 4;

    private readonly Tensor _middle_F;
    private readonly Tensor _queries_NF;
    private readonly Neighbour[][] _nearest;
    private readonly int _count;
    private long _seen;

    /// <param name="queries_NF">N × F, float32; borrowed.</param>
    /// <param name="count">Neighbours per query, at least 1.</param>
    public NearestNeighbours(Tensor queries_NF, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        if (queries_NF.Rank != 2 || queries_NF.ScalarType != ScalarType.Float32)
            throw new ArgumentException($"queries must be Float32, count × features, not {queries_NF}", nameof(queries_NF));
        _middle_F = queries_NF.Mean(0).Own();
        _queries_NF = (queries_NF - _middle_F).Own();
        _count = count;
        _nearest = [.. Enumerable.Repeat(0, (int)queries_NF.Size(0)).Select(_ => Array.Empty<Neighbour>())];
    }

    /// <summary>
    /// The neighbours of each query, nearest first; ties are ordered by index. There are fewer than requested if the reference is small.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<Neighbour>> Result => _nearest;

    /// <summary>Adds the next vectors of the reference.</summary>
    /// <param name="references_MF">M × F, float32; borrowed.</param>
    public void Add(Tensor references_MF)
    {
        if (references_MF.Rank != 2 || references_MF.Size(1) != _queries_NF.Size(1) || references_MF.ScalarType != ScalarType.Float32)
            throw new ArgumentException($"the reference must be Float32, count × {_queries_NF.Size(1)}, not {references_MF}",
                nameof(references_MF));
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        Tensor centred_MF = references_MF - _middle_F;
        Tensor squares_M = centred_MF.Square().Sum(1);
        Tensor transposed_FM = centred_MF.Transpose(0, 1);
        // The candidates of a query are gathered as whole vectors.
        int block = ByteBudget.Rows((_count + SpareCandidates) * references_MF.Size(1) * sizeof(float), MostQueries);
        for (int first = 0; first < _nearest.Length; first += block)
            AddBlock(first, Math.Min(block, _nearest.Length - first), centred_MF, squares_M, transposed_FM);
        _seen += references_MF.Size(0);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _middle_F.Dispose();
        _queries_NF.Dispose();
    }

    private void AddBlock(int first, int count, Tensor references_MF, Tensor squares_M, Tensor transposed_FM)
    {
        using var scope = new TensorScope();
        Tensor queries_QF = _queries_NF.Narrow(0, first, count);
        // The square of the query is the same for all candidates and does not change their order.
        Tensor closeness_QM = queries_QF.Matmul(transposed_FM) * 2.0 - squares_M.Unsqueeze(0);
        int candidates = (int)Math.Min(_count + SpareCandidates, references_MF.Size(0));
        (_, Tensor index_QC) = closeness_QM.TopK(candidates, 1);
        Tensor found_QCF = references_MF.IndexSelect(0, index_QC.Reshape(-1)).Reshape(count, candidates, references_MF.Size(1));
        float[] squared = (found_QCF - queries_QF.Unsqueeze(1)).Square().Sum(2).ToArray<float>();
        long[] index = index_QC.ToArray<long>();
        for (int q = 0; q < count; q++)
        {
            IEnumerable<Neighbour> found = Enumerable.Range(q * candidates, candidates)
                .Select(c => new Neighbour(_seen + index[c], Math.Sqrt(squared[c])));
            _nearest[first + q] = [.. _nearest[first + q].Concat(found).OrderBy(n => n.Distance).ThenBy(n => n.Index).Take(_count)];
        }
    }
}
