namespace Nvg.Training.Planning.Facts;

/// <summary>Sides of images, in pixels, that a plan can choose.</summary>
public static class ImageSizes
{
    /// <summary>The sides, ascending.</summary>
    public static IReadOnlyList<int> All { get; } = [16, 32, 64, 128, 256, 512];

    /// <summary>The sides as a list for messages.</summary>
    internal static string Text => $"{string.Join(", ", All.SkipLast(1))} or {All[^1]}";

    /// <summary>The largest side that does not exceed a length; the smallest side if all exceed it.</summary>
    /// <param name="length">Length in pixels.</param>
    internal static int LargestWithin(int length) => All.LastOrDefault(size => size <= length, All[0]);
}
