namespace Nvg.Var;

/// <summary>A request for one image of a VAR model.</summary>
/// <param name="Class">Number of its class; the null class of the model for an image of no class.</param>
/// <param name="Seed">Together with class, settings and edit, the seed determines the image.</param>
public sealed record VarImageRequest(int Class, ulong Seed = 0)
{
    /// <summary>An image of which a part is kept, or null for nothing.</summary>
    public VarEdit? Edit { get; init; }

    /// <summary>Distinguishes this image from others of its class and seed, in file names; null for nothing.</summary>
    public string? Variant { get; init; }
}
