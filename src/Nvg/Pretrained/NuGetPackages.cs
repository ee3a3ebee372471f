namespace Nvg.Pretrained;

/// <summary>The packages that NuGet has restored for this user.</summary>
internal static class NuGetPackages
{
    /// <summary>Their folder: <c>NUGET_PACKAGES</c>, or <c>.nuget/packages</c> in the home directory.</summary>
    internal static string Folder => Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } set
        ? set
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
}
