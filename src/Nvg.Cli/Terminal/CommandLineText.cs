namespace Nvg.Cli.Terminal;

/// <summary>Formats command lines for reports, so that they can be typed again.</summary>
internal static class CommandLineText
{
    /// <summary>The command line of this process.</summary>
    internal static string Current => Of(Environment.GetCommandLineArgs()[1..]);

    /// <summary>A command line of the given arguments, quoted for a shell.</summary>
    internal static string Of(IEnumerable<string> arguments) => string.Join(' ', arguments.Select(Quote).Prepend("./nvg"));

    private static string Quote(string argument) =>
        argument.Length > 0 && argument.All(c => char.IsAsciiLetterOrDigit(c) || "-_./:=,+@%".Contains(c, StringComparison.Ordinal))
            ? argument
            : "'" + argument.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}
