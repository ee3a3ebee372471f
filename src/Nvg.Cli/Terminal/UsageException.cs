namespace Nvg.Cli.Terminal;

/// <summary>The command line names something that does not exist or contradicts itself (exit code 2).</summary>
internal sealed class UsageException(string message) : Exception(message);
