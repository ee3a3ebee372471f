using Nvg.Torch;

namespace Nvg.Generators;

/// <summary>
/// Both generators of a model for sampling only. If the processor has matrix units for bfloat16 (AMX, or AVX-512 with bfloat16) and
/// the matrices are bfloat16 on the CPU, the matrices of the blocks are copied into the layout that these units read. Everything else
/// is shared with the generator.
/// </summary>
public sealed class PackedGenerator : IDisposable
{
    private static readonly Operator VersionOp = new("aten::_version");
    private static readonly Operator IsInferenceOp = new("aten::is_inference");

    private readonly NvgGenerator? _owned;
    private readonly PackedBlock[] _blocks;
    private Tensor[] _sources = [];
    private double[] _versions = [];

    /// <summary>Packs a copy of the matrices. The generator itself does not change: it can still be saved and trained.</summary>
    /// <param name="generator">Borrowed until this object is disposed.</param>
    public PackedGenerator(NvgGenerator generator)
        : this(generator, takesOver: false)
    {
    }

    private PackedGenerator(NvgGenerator generator, bool takesOver)
    {
        Config = generator.Config;
        _owned = takesOver ? generator : null;
        var packed = new List<PackedBlock>();
        try
        {
            PackedBlock[] content = Pack(generator.Content.Blocks, packed, takesOver);
            PackedBlock[] structure = Pack(generator.Structure.Blocks, packed, takesOver);
            Content = content.Length > 0 ? generator.Content.WithBlocks(content) : generator.Content;
            Structure = structure.Length > 0 ? generator.Structure.WithBlocks(structure) : generator.Structure;
            _blocks = [.. packed];
            if (!takesOver)
                Watch(packed.SelectMany(b => b.Sources));
        }
        catch
        {
            packed.ForEach(b => b.Dispose());
            _owned?.Dispose();
            throw;
        }
    }

    /// <summary>Sizes.</summary>
    public GeneratorConfig Config { get; }

    /// <summary>Predicts content. Cannot be trained if matrices are packed.</summary>
    public ContentGenerator Content { get; }

    /// <summary>Predicts structure maps. Cannot be trained if matrices are packed.</summary>
    public StructureGenerator Structure { get; }

    /// <summary>Device of the parameters.</summary>
    public Device Device => Content.ScaleFactors.Device;

    /// <summary>Whether matrices are packed.</summary>
    public bool IsPacked => _blocks.Length > 0;

    /// <summary>Whether tensors that were packed, or are watched in their place, have been changed since.</summary>
    internal bool IsOutdated => !_sources.Select(Version).SequenceEqual(_versions);

    /// <summary>Whether packing a generator would change the layout of its matrices.</summary>
    internal static bool WouldPack(NvgGenerator generator) =>
        CanBePacked(generator.Content.Blocks) || CanBePacked(generator.Structure.Blocks);

    /// <summary>
    /// Packs the matrices block by block and frees each one that is packed, so that a large model is never in memory twice.
    /// </summary>
    /// <param name="generator">This object takes ownership; the generator cannot be used any more, also where this throws.</param>
    internal static PackedGenerator TakeOver(NvgGenerator generator) => new(generator, takesOver: true);

    /// <summary>Watches tensors that have the packed values: once one of them changes, this object is outdated.</summary>
    /// <param name="tensors">Borrowed.</param>
    internal void Watch(IEnumerable<Tensor> tensors)
    {
        _sources = [.. tensors];
        _versions = Array.ConvertAll(_sources, Version);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Array.ForEach(_blocks, b => b.Dispose());
        _owned?.Dispose();
    }

    // libtorch counts the in-place changes of every tensor, except of those made in inference mode.
    private static double Version(Tensor tensor) => IsInferenceOp.CallNumber(tensor) != 0 ? 0 : VersionOp.CallNumber(tensor);

    private static bool CanBePacked(TransformerBlock[] blocks) => Array.TrueForAll(blocks, b => b.CanBePacked);

    private static PackedBlock[] Pack(TransformerBlock[] blocks, List<PackedBlock> all, bool frees)
    {
        if (!CanBePacked(blocks))
            return [];
        foreach (TransformerBlock block in blocks)
        {
            all.Add(new PackedBlock(block));
            if (frees)
                block.FreeMatrices();
        }

        return [.. all.TakeLast(blocks.Length)];
    }
}
