namespace Nvg.Cli.Arguments;

/// <summary>Which model a command works with: the one that is named, <c>NVG_MODEL</c>, or the one that ships.</summary>
internal static class ModelFolder
{
    internal const string Variable = "NVG_MODEL";
    internal const string ShippedName = "nvg-cifar10";

    /// <summary>The folder to read.</summary>
    /// <exception cref="NvgDataException">None is named and none ships with this build.</exception>
    internal static string Resolve(string? named) =>
        (named ?? FromEnvironment()) is { } folder ? Locate(folder) : FindShipped() ?? throw NvgDataException.At(
            Path.Combine("models", ShippedName), "no model ships with this build", $"name one with --model DIR or {Variable}");

    /// <summary>A folder as it is named; where there is none, the model of that name that ships, from wherever the command is called.</summary>
    internal static string Locate(string named) =>
        !Path.Exists(named) && named.IndexOfAny(['/', '\\']) < 0 && FindShipped(named) is { } shipped ? shipped : named;

    /// <summary>What <c>NVG_MODEL</c> names, or null where it is unset or empty.</summary>
    internal static string? FromEnvironment() => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } folder ? folder : null;

    /// <summary>A model that ships, beside the application or above it, or null.</summary>
    internal static string? FindShipped(string name = ShippedName)
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            string candidate = Path.Combine(folder, "models", name);
            if (File.Exists(Path.Combine(candidate, "config.json")))
                return candidate;
        }

        return null;
    }
}
