namespace Nvg.Methods;

/// <summary>What decides an image of a model with given settings.</summary>
/// <param name="Class">Number of its class.</param>
/// <param name="Seed">Its seed.</param>
public readonly record struct ClassSeed(int Class, ulong Seed);
