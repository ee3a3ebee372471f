using Nvg.Torch;

namespace Nvg.Var.Tokenizers;

/// <summary>A batch of images as token maps, with the codebook indices of the tokens for every scale. Owns its tensors.</summary>
public sealed class TokenMaps : IDisposable
{
    /// <param name="scales">The scales.</param>
    /// <param name="maps">Indices of each scale, B × p²; this object takes ownership.</param>
    /// <exception cref="ArgumentException">The maps do not fit the scales.</exception>
    public TokenMaps(ScaleSequence scales, IReadOnlyList<Tensor> maps)
    {
        if (maps.Count != scales.Count || maps.Where((map, i) => map.Rank != 2 || map.Size(1) != scales.TokenCount(i)).Any())
            throw new ArgumentException($"token maps [{string.Join("; ", maps)}] were given for the scales {scales}");
        Scales = scales;
        Maps = [.. maps.Select(map => map.Own())];
    }

    /// <summary>The scales.</summary>
    public ScaleSequence Scales { get; }

    /// <summary>Indices of each scale, B × p², row-major.</summary>
    public IReadOnlyList<Tensor> Maps { get; }

    /// <summary>Number of images.</summary>
    public int Count => (int)Maps[0].Size(0);

    /// <summary>All tokens of the images, B × L; the caller disposes the result.</summary>
    public Tensor Flatten() => Tensor.Cat([.. Maps], 1);

    /// <summary>Divides the tokens of images, B × L, into maps.</summary>
    public static TokenMaps FromFlat(ScaleSequence scales, Tensor tokens_BL) =>
        new(scales, tokens_BL.Split(1, [.. Enumerable.Range(0, scales.Count).Select(i => (long)scales.TokenCount(i))]));

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor map in Maps)
            map.Dispose();
    }
}
