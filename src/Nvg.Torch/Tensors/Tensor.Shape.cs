namespace Nvg.Torch;

// Views, joins and lookups: operations that move elements without computation.
public sealed partial class Tensor
{
    // libtorch's MemoryFormat::ChannelsLast.
    private const long ChannelsLastFormat = 2;

    private static readonly Operator ViewOp = new("aten::reshape");
    private static readonly Operator PermuteOp = new("aten::permute");
    private static readonly Operator DiagonalOp = new("aten::diagonal");
    private static readonly Operator TransposeOp = new("aten::transpose", "int");
    private static readonly Operator UnsqueezeOp = new("aten::unsqueeze");
    private static readonly Operator SqueezeOp = new("aten::squeeze", "dim");
    private static readonly Operator ExpandOp = new("aten::expand");
    private static readonly Operator ContiguousOp = new("aten::contiguous");
    private static readonly Operator CloneOp = new("aten::clone");
    private static readonly Operator DetachOp = new("aten::detach");
    private static readonly Operator CatOp = new("aten::cat");
    private static readonly Operator StackOp = new("aten::stack");
    private static readonly Operator NarrowOp = new("aten::narrow");
    private static readonly Operator SelectOp = new("aten::select", "int");
    private static readonly Operator SliceOp = new("aten::slice", "Tensor");
    private static readonly Operator SplitOp = new("aten::split_with_sizes");
    private static readonly Operator IndexSelectOp = new("aten::index_select");
    private static readonly Operator IndexOp = new("aten::index", "Tensor");
    private static readonly Operator GatherOp = new("aten::gather");
    private static readonly Operator ScatterOp = new("aten::scatter", "src");
    private static readonly Operator ScatterAddOp = new("aten::scatter_add");
    private static readonly Operator ScatterAddInPlaceOp = new("aten::scatter_add_");
    private static readonly Operator RepeatInterleaveOp = new("aten::repeat_interleave", "self_int");
    private static readonly Operator RepeatOp = new("aten::repeat");
    private static readonly Operator FlipOp = new("aten::flip");
    private static readonly Operator OneHotOp = new("aten::one_hot");

    /// <summary>Concatenates tensors along an existing dimension.</summary>
    public static Tensor Cat(Tensor[] tensors, int dimension) => CatOp.Call(tensors, dimension);

    /// <summary>Stacks tensors along a new dimension.</summary>
    public static Tensor Stack(Tensor[] tensors, int dimension) => StackOp.Call(tensors, dimension);

    /// <summary>The same elements, row-major, in a different shape; one size may be -1. A view if possible.</summary>
    public Tensor Reshape(params long[] shape) => ViewOp.Call(this, shape);

    /// <summary>A view with the dimensions permuted.</summary>
    public Tensor Permute(params long[] dimensions) => PermuteOp.Call(this, dimensions);

    /// <summary>A view with two dimensions exchanged.</summary>
    public Tensor Transpose(int first, int second) => TransposeOp.Call(this, first, second);

    /// <summary>The diagonal of a matrix, as a view.</summary>
    public Tensor Diagonal() => DiagonalOp.Call(this, 0L, 0L, 1L);

    /// <summary>A view with a dimension of size one inserted.</summary>
    public Tensor Unsqueeze(int dimension) => UnsqueezeOp.Call(this, dimension);

    /// <summary>A view without a dimension of size one.</summary>
    public Tensor Squeeze(int dimension) => SqueezeOp.Call(this, dimension);

    /// <summary>A view that expands dimensions of size one; -1 leaves a size unchanged.</summary>
    public Tensor Expand(params long[] shape) => ExpandOp.Call(this, shape);

    /// <summary>The elements stored row-major without gaps; an alias if they already are.</summary>
    public Tensor Contiguous() => ContiguousOp.Call(this);

    /// <summary>
    /// The same N × C × H × W tensor with the channels of a pixel adjacent in memory (channels-last); an alias if they already are.
    /// Convolutions and pooling on the CPU are fastest in this layout.
    /// </summary>
    public Tensor ChannelsLast() => ContiguousOp.Call(this, ChannelsLastFormat);

    /// <summary>A copy.</summary>
    public Tensor Clone() => CloneOp.Call(this);

    /// <summary>The same elements, detached from autograd.</summary>
    public Tensor Detach() => DetachOp.Call(this);

    /// <summary>A view of <paramref name="length"/> entries of a dimension from <paramref name="start"/>.</summary>
    public Tensor Narrow(int dimension, long start, long length) => NarrowOp.Call(this, dimension, start, length);

    /// <summary>A view of one entry of a dimension, which is removed.</summary>
    public Tensor Select(int dimension, long index) => SelectOp.Call(this, dimension, index);

    /// <summary>A view of every <paramref name="step"/>-th entry of a dimension.</summary>
    public Tensor Slice(int dimension, long start, long end, long step = 1) => SliceOp.Call(this, dimension, start, end, step);

    /// <summary>Views of consecutive parts of a dimension.</summary>
    public Tensor[] Split(int dimension, params long[] sizes) => SplitOp.CallMany(sizes.Length, this, sizes, dimension)!;

    /// <summary>Selects entries of a dimension by index.</summary>
    public Tensor IndexSelect(int dimension, Tensor indices) => IndexSelectOp.Call(this, dimension, indices);

    /// <summary>Advanced indexing: one index tensor per leading dimension, null for "all".</summary>
    public Tensor Index(params Tensor?[] indices) => IndexOp.Call(this, Argument.OptionalTensors(indices));

    /// <summary>result[.., i, ..] = this[.., indices[.., i, ..], ..] along a dimension.</summary>
    public Tensor Gather(int dimension, Tensor indices) => GatherOp.Call(this, dimension, indices);

    /// <summary>A copy with result[.., indices[.., i, ..], ..] = source[.., i, ..].</summary>
    public Tensor Scatter(int dimension, Tensor indices, Tensor source) => ScatterOp.Call(this, dimension, indices, source);

    /// <summary>A copy with the source's elements added at the indices.</summary>
    public Tensor ScatterAdd(int dimension, Tensor indices, Tensor source) => ScatterAddOp.Call(this, dimension, indices, source);

    /// <summary>Adds the source's elements at the indices in place.</summary>
    public void ScatterAddInPlace(int dimension, Tensor indices, Tensor source) =>
        ScatterAddInPlaceOp.Run(this, dimension, indices, source);

    /// <summary>Repeats each entry of a dimension several times in a row.</summary>
    public Tensor RepeatInterleave(long count, int dimension) => RepeatInterleaveOp.Call(this, count, dimension);

    /// <summary>Repeats the whole tensor along each dimension.</summary>
    public Tensor Repeat(params long[] counts) => RepeatOp.Call(this, counts);

    /// <summary>The entries of dimensions in reverse order.</summary>
    public Tensor Flip(params long[] dimensions) => FlipOp.Call(this, dimensions);

    /// <summary>A new last dimension that is one at the element's value and zero elsewhere.</summary>
    public Tensor OneHot(long classCount) => OneHotOp.Call(this, classCount);
}
