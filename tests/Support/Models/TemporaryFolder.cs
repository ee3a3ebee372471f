namespace Nvg.Testing;

/// <summary>A folder for one test, deleted on dispose.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    // In memory if possible, because files that are flushed to a busy disk, such as checkpoints, take seconds.
    private const string InMemory = "/dev/shm";

    public string Root { get; } = Directory.CreateDirectory(
        Path.Combine(Directory.Exists(InMemory) ? InMemory : Path.GetTempPath(), $"nvg-test-{Guid.NewGuid():N}")).FullName;

    public string this[string name] => Path.Combine(Root, name);

    public string Write(string name, byte[] content)
    {
        string path = this[name];
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        return path;
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
