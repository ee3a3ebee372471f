using Nvg.Torch.Interop;

namespace Nvg.Torch.Tests.Interop;

/// <summary>The search for a library, and what is said when no door opens.</summary>
public class LibrarySearchTests
{
    [Fact]
    public void Open_NothingUsable_SaysWhatIsWrongWithEveryPath()
    {
        string present = typeof(LibrarySearchTests).Assembly.Location;
        var search = new LibrarySearch(["/no/such/a", present, "/no/such/a", "/no/such/b"]);
        Assert.Equal(["/no/such/a", present, "/no/such/b"], search.Paths);
        Assert.True(search.Exists);
        Assert.Null(search.Open(_ => (null, "not a library")));
        Assert.Equal($"/no/such/a: no such file; {present}: not a library; /no/such/b: no such file", search.Problems);
        Assert.False(new LibrarySearch(["/no/such/a"]).Exists);
    }

    [Fact]
    public void TryOpen_NoLibrary_IsAReason()
    {
        string noLibrary = typeof(LibrarySearchTests).Assembly.Location;
        (Door? door, string? problem) = CompiledLibrary.TryOpen(noLibrary);
        Assert.Null(door);
        Assert.NotEmpty(problem!);
    }
}
