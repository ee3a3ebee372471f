namespace Nvg.Testing;

/// <summary>
/// The sets of reference fixtures: the repository's own set for tiny models (<c>tests/fixtures</c>) and, if present, the shared
/// set for larger models. Both have the same files and tensor names.
/// </summary>
public static class ReferenceFixtures
{
    /// <summary>The set that every checkout has.</summary>
    public const string Repository = "repository";

    private const string Shared = "shared";

    /// <summary>The names of the sets that are present; the repository's set is always one of them.</summary>
    public static TheoryData<string> Sets =>
        SharedMaterial.Root is { } root && Directory.Exists(System.IO.Path.Combine(root, "fixtures")) ? [Repository, Shared] : [Repository];

    /// <summary>The full path of a file of a set.</summary>
    /// <param name="file">Such as <c>quantizer.safetensors</c>.</param>
    /// <param name="set">One of <see cref="Sets"/>.</param>
    public static string Path(string file, string set = Repository) =>
        set == Repository ? Testing.Repository.PathOf($"tests/fixtures/{file}") : SharedMaterial.Path("fixtures", file);
}
