namespace Nvg.Cli.Help;

/// <summary>A command line in the help.</summary>
/// <param name="Command">What to type.</param>
/// <param name="Comment">What it does; empty if the command says it.</param>
internal sealed record HelpExample(string Command, string Comment = "");
