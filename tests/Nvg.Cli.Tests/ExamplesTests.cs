namespace Nvg.Cli.Tests;

/// <summary>The examples run, and stay small enough to be read.</summary>
public class ExamplesTests(TinyShippedModel model) : CommandTests, IClassFixture<TinyShippedModel>
{
    private const int MostLines = 100;

    public static TheoryData<string> Names => [.. Examples.Examples.All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Run_AnyExample_WritesImages(string name)
    {
        Directory.CreateDirectory(InFolder("out"));
        TextWriter output = Console.Out;
        try
        {
            Console.SetOut(TextWriter.Null);
            await Examples.Examples.All[name](model.Folder, InFolder("out"));
        }
        finally
        {
            Console.SetOut(output);
        }

        Assert.NotEmpty(Directory.GetFiles(InFolder("out"), "*.png"));
    }

    [Fact]
    public void Files_OfExamples_AreShort()
    {
        string[] files = Directory.GetFiles(Repository.PathOf("examples"), "*.cs");
        Assert.True(files.Length > Examples.Examples.All.Count);
        Assert.All(files, file => Assert.InRange(File.ReadAllLines(file).Length, 1, MostLines));
    }
}
