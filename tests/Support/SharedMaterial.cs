namespace Nvg.Testing;

/// <summary>The folder of the reference numbers and images: <c>NVG_SHARED</c>, or <c>shared</c> beside the repository.</summary>
public static class SharedMaterial
{
    /// <summary>The folder, or null if there is none.</summary>
    public static string? Root { get; } = Find();

    /// <summary>The full path of something inside the folder.</summary>
    public static string Path(params string[] parts) =>
        System.IO.Path.Combine([Root ?? throw new InvalidOperationException("no shared folder"), .. parts]);

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("NVG_SHARED") is { Length: > 0 } named)
            return Directory.Exists(named) ? System.IO.Path.GetFullPath(named) : null;
        string beside = System.IO.Path.GetFullPath(Repository.PathOf("../shared"));
        return Directory.Exists(beside) ? beside : null;
    }
}

/// <summary>A fact that needs files from the shared folder. If they are missing, it is skipped with the reason.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SharedFactAttribute : FactAttribute
{
    /// <param name="needs">Paths inside the shared folder, for example <c>fixtures/quantizer.safetensors</c>.</param>
    public SharedFactAttribute(params string[] needs)
    {
        if (SharedMaterial.Root is null)
            Skip = "no shared folder (set NVG_SHARED)";
        else if (needs.FirstOrDefault(n => !System.IO.Path.Exists(SharedMaterial.Path(n))) is { } missing)
            Skip = $"{missing} is missing in {SharedMaterial.Root}";
    }
}
