using System.CommandLine;
using Nvg.Cli.Arguments;
using Nvg.Cli.Terminal;

namespace Nvg.Cli.Tests.Documents;

/// <summary>The commands in the documents are understood, and run in their order on small data.</summary>
public sealed class DocumentedCommandTests(TinyShippedModel shipped, TinyModel second)
    : CommandTests, IClassFixture<TinyShippedModel>, IClassFixture<TinyModel>
{
    public static TheoryData<string> Documents =>
    [
        .. Directory.GetFiles(Repository.Root, "*.md")
            .Concat(Directory.GetFiles(Repository.PathOf("docs"), "*.md"))
            .Concat(Directory.GetFiles(Repository.PathOf("models"), "README.md", SearchOption.AllDirectories))
            .Select(Repository.RelativePath)
            .Where(document => DocumentedCommand.Read(Repository.Root, document).Any())
            .Order(StringComparer.Ordinal),
    ];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Commands_OfADocument_AreUnderstood(string document)
    {
        foreach (DocumentedCommand command in DocumentedCommand.Read(Repository.Root, document).Where(command => !command.IsAbridged))
        {
            ParseResult parsed = Root.Create().Parse(command.Arguments);
            Assert.True(parsed.Errors.Count == 0, $"{command}: {string.Join("; ", parsed.Errors.Select(error => error.Message))}");
        }
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public async Task Commands_OfADocument_RunOnSmallData(string document)
    {
        using var data = new SmallData(shipped.Folder, second.Folder);
        string before = Environment.CurrentDirectory;
        string? modelBefore = Environment.GetEnvironmentVariable(ModelFolder.Variable);
        try
        {
            Environment.CurrentDirectory = data.Folder;
            Environment.SetEnvironmentVariable(ModelFolder.Variable, shipped.Folder);
            foreach (DocumentedCommand command in DocumentedCommand.Read(Repository.Root, document).Where(SmallData.Covers))
            {
                await data.ProvideAsync(command, RunAsync);
                CommandResult result = await RunAsync(SmallData.Shrink(command.Arguments));
                Assert.True(result.ExitCode == CommandRunner.Done, $"{command}: exit code {result.ExitCode}: {result.Error}");
            }
        }
        finally
        {
            Environment.CurrentDirectory = before;
            Environment.SetEnvironmentVariable(ModelFolder.Variable, modelBefore);
        }
    }
}
