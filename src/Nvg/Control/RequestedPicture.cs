namespace Nvg.Control;

/// <summary>One picture that is asked for.</summary>
/// <param name="Class">Number of its class.</param>
/// <param name="Seed">Decides, with class and settings, the whole picture.</param>
public sealed record RequestedPicture(int Class, ulong Seed);
