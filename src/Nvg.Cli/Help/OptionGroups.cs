using System.CommandLine;

namespace Nvg.Cli.Help;

/// <summary>Headings under which the help of commands with many options lists them.</summary>
internal static class OptionGroups
{
    /// <summary>Heading of options that are in no group.</summary>
    internal const string Others = "Options:";

    // Fewer options are easier to read without headings.
    private const int Many = 16;

    /// <summary>The groups in the order of the help, with the names of their options.</summary>
    internal static IReadOnlyList<(string Heading, string[] Options)> All { get; } =
    [
        ("Sampling options (the model's settings by default):",
        [
            "--guidance", "--structure-guidance", "--top-p", "--top-k", "--temperature", "--structure-steps", "--gumbel", "--smooth",
        ]),
        ("Structure:", ["--structure", "--structure-kind", "--structure-stages", "--construction", "--explain"]),
        ("Reference and mask:", ["--reference", "--keep", "--keep-stages", "--mask", "--outside", "--border"]),
        ("Interpolation:", ["--to-class", "--to-seed"]),
        ("Measuring networks:", ["--weights", "--features", "--onnx", "--resize", "--lpips", "--lpips-backbone", "--lpips-linear"]),
        ("Computation:", ["--batch", "--device", "--dtype", "--threads", "--processes"]),
        ("Messages:", ["--json", "--progress", "--quiet", "--verbose", "--help"]),
    ];

    /// <summary>The groups of a command's options; one group if they are few.</summary>
    /// <param name="command">The command.</param>
    /// <param name="names">Names of all options that its help lists, in order.</param>
    /// <returns>Headings with positions in <paramref name="names"/>; no group is empty.</returns>
    internal static IEnumerable<(string Heading, IReadOnlyList<int> Options)> Of(Command command, IReadOnlyList<string> names)
    {
        int[] all = [.. Enumerable.Range(0, names.Count)];
        if (names.Count < Many)
            return [(Others, all)];
        // In commands with metrics, "--reference" is the set of images to compare with.
        bool isGiven = command.Options.Any(option => option.Name == "--keep");
        string HeadingOf(string name) => name == "--reference" && !isGiven
            ? Others
            : All.FirstOrDefault(group => group.Options.Contains(name)).Heading ?? Others;
        ILookup<string, int> groups = all.ToLookup(i => HeadingOf(names[i]));
        return All.Select(group => group.Heading).Prepend(Others).Where(groups.Contains)
            .Select(heading => (heading, (IReadOnlyList<int>)[.. groups[heading]]));
    }
}
