namespace Nvg.Torch;

// Sums, means, extrema, sorting.
public sealed partial class Tensor
{
    private static readonly Operator SumOp = new("aten::sum");
    private static readonly Operator SumDimOp = new("aten::sum", "dim_IntList");
    private static readonly Operator MeanOp = new("aten::mean");
    private static readonly Operator MeanDimOp = new("aten::mean", "dim");
    private static readonly Operator VarOp = new("aten::var", "dim");
    private static readonly Operator ArgMaxOp = new("aten::argmax");
    private static readonly Operator ArgMinOp = new("aten::argmin");
    private static readonly Operator MaxOp = new("aten::max");
    private static readonly Operator MinOp = new("aten::min");
    private static readonly Operator AmaxOp = new("aten::amax");
    private static readonly Operator SortOp = new("aten::sort", "stable");
    private static readonly Operator CholeskyOp = new("aten::linalg_cholesky_ex");
    private static readonly Operator EigenOp = new("aten::linalg_eigh");
    private static readonly Operator TopKOp = new("aten::topk");
    private static readonly Operator CumSumOp = new("aten::cumsum");
    private static readonly Operator SoftmaxOp = new("aten::softmax", "int");
    private static readonly Operator LogSoftmaxOp = new("aten::log_softmax", "int");
    private static readonly Operator AllOp = new("aten::all");
    private static readonly Operator BinCountOp = new("aten::bincount");

    /// <summary>Sum of all elements, as a zero-dimensional tensor.</summary>
    public Tensor Sum() => SumOp.Call(this);

    /// <summary>Sum over one dimension.</summary>
    public Tensor Sum(int dimension, bool keepDimension = false) => SumDimOp.Call(this, new long[] { dimension }, keepDimension);

    /// <summary>Mean of all elements, as a zero-dimensional tensor.</summary>
    public Tensor Mean() => MeanOp.Call(this);

    /// <summary>Mean over dimensions.</summary>
    public Tensor Mean(long[] dimensions, bool keepDimension = false) => MeanDimOp.Call(this, dimensions, keepDimension);

    /// <summary>Mean over one dimension.</summary>
    public Tensor Mean(int dimension, bool keepDimension = false) => Mean([dimension], keepDimension);

    /// <summary>Variance over all elements.</summary>
    /// <param name="unbiased">Whether to divide by n − 1 instead of n.</param>
    public Tensor Variance(bool unbiased = true) => VarOp.Call(this, Argument.None, unbiased);

    /// <summary>Position of the largest element along a dimension.</summary>
    public Tensor ArgMax(int dimension, bool keepDimension = false) => ArgMaxOp.Call(this, dimension, keepDimension);

    /// <summary>Position of the smallest element along a dimension.</summary>
    public Tensor ArgMin(int dimension, bool keepDimension = false) => ArgMinOp.Call(this, dimension, keepDimension);

    /// <summary>The largest element.</summary>
    public Tensor Max() => MaxOp.Call(this);

    /// <summary>The smallest element.</summary>
    public Tensor Min() => MinOp.Call(this);

    /// <summary>The largest element along a dimension.</summary>
    public Tensor Max(int dimension, bool keepDimension = false) => AmaxOp.Call(this, new long[] { dimension }, keepDimension);

    /// <summary>Sorts along a dimension; equal elements keep their order.</summary>
    /// <returns>The values and their former positions.</returns>
    public (Tensor Values, Tensor Indices) Sort(int dimension, bool descending = false) =>
        Pair(SortOp.CallMany(2, this, true, dimension, descending));

    /// <summary>The largest elements along a dimension, largest first.</summary>
    public (Tensor Values, Tensor Indices) TopK(long count, int dimension) => Pair(TopKOp.CallMany(2, this, count, dimension));

    /// <summary>
    /// Cholesky factor L of a symmetric matrix, and a status that is 0 if the matrix is positive definite.
    /// </summary>
    public (Tensor Factor, Tensor Failed) Cholesky() => Pair(CholeskyOp.CallMany(2, this, false, false));

    /// <summary>Eigenvalues of a symmetric matrix in ascending order, and its eigenvectors as columns.</summary>
    public (Tensor Values, Tensor Vectors) SymmetricEigen() => Pair(EigenOp.CallMany(2, this, "L"));

    /// <summary>Running sum along a dimension.</summary>
    public Tensor CumulativeSum(int dimension) => CumSumOp.Call(this, dimension);

    /// <summary>Softmax along a dimension.</summary>
    public Tensor Softmax(int dimension) => SoftmaxOp.Call(this, dimension);

    /// <summary>Logarithm of the softmax along a dimension.</summary>
    public Tensor LogSoftmax(int dimension) => LogSoftmaxOp.Call(this, dimension);

    /// <summary>Whether all elements are true or non-zero, as a zero-dimensional tensor.</summary>
    public Tensor All() => AllOp.Call(this);

    /// <summary>Number of occurrences of each integer from 0; at least <paramref name="minimumLength"/> counts.</summary>
    public Tensor BinCount(long minimumLength) => BinCountOp.Call(this, Argument.None, minimumLength);

    private static (Tensor, Tensor) Pair(Tensor?[] results) => (results[0]!, results[1]!);
}
