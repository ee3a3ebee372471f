namespace Nvg.Var;

/// <summary>A request for one image of a VAR model.</summary>
/// <param name="Class">Class number; the model's null class for an unconditional image.</param>
/// <param name="Seed">The seed. Together with class, settings and edit, it determines the image.</param>
public sealed record VarImageRequest(int Class, ulong Seed = 0)
{
    /// <summary>An image that is partly kept, or null.</summary>
    public VarEdit? Edit { get; init; }

    /// <summary>Distinguishes this image from others with the same class and seed in file names, or null.</summary>
    public string? Variant { get; init; }
}
