using System.CommandLine;
using Nvg.Cli.Terminal;

namespace Nvg.Cli.Output;

/// <summary>
/// The rule of all commands for outputs that exist: images, reports and tables are replaced. Data sets, models, samples and
/// settings, which took hours or were edited, are replaced only with <c>--overwrite</c>. Runs are continued and never replaced.
/// </summary>
internal static class ExistingOutput
{
    /// <summary>The option; each command gets its own.</summary>
    internal static Option<bool> Overwrite() => new("--overwrite") { Description = "Replace an existing output" };

    /// <summary>Throws if a file, or a folder that is not empty, would be lost.</summary>
    /// <param name="target">The output.</param>
    /// <param name="overwrite">Whether it may be replaced.</param>
    /// <exception cref="UsageException">It exists and may not be replaced.</exception>
    internal static void RequireFree(string target, bool overwrite)
    {
        if (overwrite)
            return;
        if (File.Exists(target))
            throw new UsageException($"{target} exists: choose another output, or use --overwrite");
        if (Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any())
            throw new UsageException($"{target} is not empty: choose another folder, or use --overwrite");
    }
}
