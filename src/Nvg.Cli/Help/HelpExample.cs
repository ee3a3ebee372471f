namespace Nvg.Cli.Help;

/// <summary>A command line in the help.</summary>
/// <param name="Command">What to type.</param>
/// <param name="Comment">What the command does; empty if the command is self-explanatory.</param>
internal sealed record HelpExample(string Command, string Comment = "");
