namespace Nvg.Conditioning;

/// <summary>A share of the way from an image's class and seed to another class or seed.</summary>
/// <param name="Class">The class that the class embedding goes to, or null to stay.</param>
/// <param name="Seed">The seed whose noise the noise goes to, or null to stay.</param>
/// <param name="Share">From 0, the image itself, to 1, the other.</param>
public sealed record Interpolation(int? Class, ulong? Seed, double Share);
