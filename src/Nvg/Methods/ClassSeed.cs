namespace Nvg.Methods;

/// <summary>Class and seed, which determine the image of a model with given settings.</summary>
/// <param name="Class">Class number.</param>
/// <param name="Seed">The seed.</param>
public readonly record struct ClassSeed(int Class, ulong Seed);
