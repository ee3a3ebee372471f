namespace Nvg.Studio.Tests;

/// <summary>An image in the gallery of the browser; image and document as base64.</summary>
internal sealed record StoredImage(
    string Key, string State, string? Seed, string Label, string? Image, string? Document, int[][] Structure, int Previews)
{
    internal byte[] ImageBytes => Convert.FromBase64String(Image!);

    internal byte[] DocumentBytes => Convert.FromBase64String(Document!);
}
