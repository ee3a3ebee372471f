namespace Nvg.Cli.Terminal;

/// <summary>The command line as a person can type it again, for reports.</summary>
internal static class CommandLineText
{
    /// <summary>Of this process.</summary>
    internal static string Current => Of(Environment.GetCommandLineArgs()[1..]);

    /// <summary>Of arguments: what a shell would take apart is quoted.</summary>
    internal static string Of(IEnumerable<string> arguments) => string.Join(' ', arguments.Select(Quote).Prepend("./nvg"));

    private static string Quote(string argument) =>
        argument.Length > 0 && argument.All(c => char.IsAsciiLetterOrDigit(c) || "-_./:=,+@%".Contains(c, StringComparison.Ordinal))
            ? argument
            : "'" + argument.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}
