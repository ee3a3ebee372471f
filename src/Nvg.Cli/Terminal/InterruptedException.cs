namespace Nvg.Cli.Terminal;

/// <summary>Work was interrupted and can be continued (exit code 130).</summary>
/// <param name="message">What was saved, and how to continue.</param>
internal sealed class InterruptedException(string message) : OperationCanceledException(message);
