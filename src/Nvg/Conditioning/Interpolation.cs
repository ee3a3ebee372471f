namespace Nvg.Conditioning;

/// <summary>Interpolation of an image's class and seed towards another class or seed.</summary>
/// <param name="Class">Number of the class that the class embedding is interpolated to, or null to keep the image's class.</param>
/// <param name="Seed">Seed whose noise the noise is interpolated to, or null to keep the image's seed.</param>
/// <param name="Share">Interpolation weight from 0 (the image itself) to 1 (the target).</param>
public sealed record Interpolation(int? Class, ulong? Seed, double Share);
