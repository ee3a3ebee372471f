using Nvg.Generators.Blocks;
using Nvg.Torch;

namespace Nvg.Generators;

/// <summary>
/// Both generators of a model for sampling only. If the processor has matrix units for bfloat16 (AMX, or AVX-512 with bfloat16) and
/// the matrices are bfloat16 on the CPU, the matrices of the blocks are copied into the layout that these units read, or rounded to
/// int8 if the model was loaded in int8. On a GPU the passes of the blocks are captured as CUDA graphs. Everything else is shared with the
/// generator.
/// </summary>
public sealed class PackedGenerator : IDisposable
{
    private static readonly Operator VersionOp = new("aten::_version");
    private static readonly Operator IsInferenceOp = new("aten::is_inference");

    private readonly NvgGenerator? _owned;
    private readonly bool _isInt8;
    private readonly List<IBlockStack> _stacks = [];
    private Tensor[] _sources = [];
    private double[] _versions = [];

    /// <summary>
    /// Packs a copy of the matrices in their own type. The generator itself does not change: it can still be saved and trained.
    /// </summary>
    /// <param name="generator">Borrowed until this object is disposed.</param>
    public PackedGenerator(NvgGenerator generator)
        : this(generator, int8: false)
    {
    }

    /// <summary>Packs a copy of the matrices.</summary>
    /// <param name="generator">Borrowed until this object is disposed.</param>
    /// <param name="int8">Whether the matrices of the blocks are rounded to int8; see <see cref="Int8Products.Require"/>.</param>
    internal PackedGenerator(NvgGenerator generator, bool int8)
        : this(generator, int8, takesOver: false)
    {
    }

    private PackedGenerator(NvgGenerator generator, bool int8, bool takesOver)
    {
        Config = generator.Config;
        _isInt8 = int8;
        _owned = takesOver ? generator : null;
        try
        {
            Content = Prepare(generator.Content.Blocks, takesOver) is { } content
                ? generator.Content.WithBlocks(content)
                : generator.Content;
            Structure = Prepare(generator.Structure.Blocks, takesOver) is { } structure
                ? generator.Structure.WithBlocks(structure)
                : generator.Structure;
            if (!takesOver)
                Watch(_stacks.OfType<PackedBlocks>().SelectMany(stack => stack.Sources));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Sizes.</summary>
    public GeneratorConfig Config { get; }

    /// <summary>Predicts content. Cannot be trained if its blocks are prepared for sampling.</summary>
    public ContentGenerator Content { get; }

    /// <summary>Predicts structure maps. Cannot be trained if its blocks are prepared for sampling.</summary>
    public StructureGenerator Structure { get; }

    /// <summary>Device of the parameters.</summary>
    public Device Device => Content.ScaleFactors.Device;

    /// <summary>Whether matrices are packed.</summary>
    public bool IsPacked => _stacks.OfType<PackedBlocks>().Any();

    /// <summary>Whether a tensor of the generator that the copy depends on has changed since packing.</summary>
    internal bool IsOutdated => !_sources.Select(Version).SequenceEqual(_versions);

    /// <summary>Whether packing a generator would change the layout of its matrices.</summary>
    internal static bool WouldPack(NvgGenerator generator) =>
        PackedBlocks.CanPack(generator.Content.Blocks) || PackedBlocks.CanPack(generator.Structure.Blocks);

    /// <summary>
    /// Packs the matrices block by block and frees each one that is packed, so that a large model is never in memory twice.
    /// </summary>
    /// <param name="generator">This object takes ownership. The generator can no longer be used, even if this method throws.</param>
    /// <param name="int8">Whether the matrices of the blocks are rounded to int8.</param>
    internal static PackedGenerator TakeOver(NvgGenerator generator, bool int8 = false) => new(generator, int8, takesOver: true);

    /// <summary>Watches tensors that hold the packed values. If one of them changes, this object is outdated.</summary>
    /// <param name="tensors">Borrowed.</param>
    internal void Watch(IEnumerable<Tensor> tensors)
    {
        _sources = [.. tensors];
        _versions = Array.ConvertAll(_sources, Version);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stacks.ForEach(stack => stack.Dispose());
        _owned?.Dispose();
    }

    // libtorch counts the in-place changes of every tensor, except tensors created in inference mode.
    private static double Version(Tensor tensor) => IsInferenceOp.CallNumber(tensor) != 0 ? 0 : VersionOp.CallNumber(tensor);

    // The blocks prepared for sampling on this device; null if they are best used unchanged.
    private IBlockStack? Prepare(TransformerBlock[] blocks, bool frees)
    {
        IBlockStack? stack = null;
        if (PackedBlocks.CanPack(blocks))
            stack = new PackedBlocks(blocks, frees, _isInt8);
        else if (_isInt8)
            throw new InvalidOperationException("blocks in int8 must be packed, and these cannot be");
        else if (CapturedGraph.IsAvailable(blocks[0].First.Weight.Device))
            stack = new CapturedBlocks(blocks, CapturedGraph.Capture);
        if (stack is not null)
            _stacks.Add(stack);
        return stack;
    }
}
