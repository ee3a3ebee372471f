using Nvg.Cli.Launching;
using Nvg.Torch;

namespace Nvg.Cli.Tests.Launching;

/// <summary>The libtorch package that commands use where no libtorch is installed.</summary>
public class LibtorchPackageTests
{
    [Fact]
    public void Version_IsTheOneThatTheRepositoryTests()
    {
        string project = File.ReadAllText(Repository.PathOf("build/managed/Consumer.csproj"));
        Assert.Contains($"Include=\"libtorch-cpu-linux-x64\" Version=\"{LibtorchPackage.Version}\"", project, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fetch_NoSuchPackage_SaysWhatNuGetSays()
    {
        using var cache = new TemporaryFolder();
        // An empty cache and a feed without packages.
        string? before = Environment.GetEnvironmentVariable("NUGET_PACKAGES");
        Environment.SetEnvironmentVariable("NUGET_PACKAGES", cache["packages"]);
        Environment.SetEnvironmentVariable("RestoreSources", cache[""]);
        try
        {
            TorchLoadException error = await Assert.ThrowsAsync<TorchLoadException>(() => LibtorchPackage.FetchAsync(default));
            string expected = $"{LibtorchPackage.Name} {LibtorchPackage.Version} cannot be restored: ";
            Assert.StartsWith(expected, error.Message, StringComparison.Ordinal);
            Assert.Contains("NU1101", error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', error.Message);
        }
        finally
        {
            Environment.SetEnvironmentVariable("NUGET_PACKAGES", before);
            Environment.SetEnvironmentVariable("RestoreSources", null);
        }
    }
}
