using Nvg.Cli.Terminal;

namespace Nvg.Cli.Tests;

/// <summary>What a command did.</summary>
public sealed record CommandResult(int ExitCode, string Output, string Error);

/// <summary>Runs commands in this process, one at a time: they share the console.</summary>
[Collection("console")]
public abstract class CommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <summary>A path in a folder of this test's own.</summary>
    protected string InFolder(string name) => _folder[name];

    protected static async Task<CommandResult> RunAsync(params string[] arguments)
    {
        (TextWriter output, TextWriter error) = (Console.Out, Console.Error);
        using var capturedOutput = new StringWriter();
        using var capturedError = new StringWriter();
        try
        {
            Console.SetOut(capturedOutput);
            Console.SetError(capturedError);
            int exitCode = await CommandRunner.RunAsync(Root.Create(), arguments);
            return new CommandResult(exitCode, capturedOutput.ToString(), capturedError.ToString());
        }
        finally
        {
            Console.SetOut(output);
            Console.SetError(error);
        }
    }

    public void Dispose()
    {
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }
}

[CollectionDefinition("console", DisableParallelization = true)]
#pragma warning disable CA1711 // xunit's word
public class ConsoleCollection;
#pragma warning restore CA1711
