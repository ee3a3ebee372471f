namespace Nvg.Studio.Tests;

/// <summary>Debian's Chromium, which the page is tried in.</summary>
internal static class Chromium
{
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome"];

    /// <summary>The path of the program (<c>NVG_CHROMIUM</c>, or the first one of the search path), or null.</summary>
    internal static string? Program { get; } = Find();

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("NVG_CHROMIUM") is { Length: > 0 } named)
            return named;
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        return Names.SelectMany(name => folders.Select(folder => Path.Combine(folder, name))).FirstOrDefault(File.Exists);
    }
}

/// <summary>
/// A fact that is skipped, with the reason, unless <c>NVG_TEST_STUDIO=1</c> asks for it: a browser on a busy machine is slow enough for its
/// own waits to end. It also needs Chromium.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal class ChromiumFactAttribute : FactAttribute
{
    public ChromiumFactAttribute()
    {
        if (Environment.GetEnvironmentVariable("NVG_TEST_STUDIO") != "1")
            Skip = "set NVG_TEST_STUDIO=1 to try the studio in a browser";
        else if (Chromium.Program is null)
            Skip = "no Chromium (Debian: chromium; or NVG_CHROMIUM=PATH)";
    }
}
