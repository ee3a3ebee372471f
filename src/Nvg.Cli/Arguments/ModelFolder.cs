namespace Nvg.Cli.Arguments;

/// <summary>Finds the model folder of a command: the named folder, the value of <c>NVG_MODEL</c>, or the shipped model.</summary>
internal static class ModelFolder
{
    internal const string Variable = "NVG_MODEL";
    internal const string ShippedName = "nvg-eurosat";

    /// <summary>Returns the folder to load.</summary>
    /// <exception cref="NvgDataException">No model is named and none ships with this build.</exception>
    internal static string Resolve(string? named) =>
        (named ?? FromEnvironment()) is { } folder ? Locate(folder) : FindShipped() ?? throw NvgDataException.At(
            Path.Combine("models", ShippedName), "no model ships with this build", $"name one with --model DIR or {Variable}");

    /// <summary>The named folder, or the shipped model of that name if there is no such folder.</summary>
    internal static string Locate(string named) =>
        !Path.Exists(named) && named.IndexOfAny(['/', '\\']) < 0 && FindShipped(named) is { } shipped ? shipped : named;

    /// <summary>The value of <c>NVG_MODEL</c>, or null if it is unset or empty.</summary>
    internal static string? FromEnvironment() => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } folder ? folder : null;

    /// <summary>A shipped model, in <c>models</c> beside the application or in a folder above it, or null.</summary>
    internal static string? FindShipped(string name = ShippedName) =>
        ModelsFolders().Select(models => Path.Combine(models, name)).FirstOrDefault(IsModel);

    /// <summary>All shipped models and classifiers, and those below <c>models</c> in the current folder.</summary>
    internal static IEnumerable<string> All() => ModelsFolders().Append(Path.GetFullPath("models")).Distinct()
        .Where(Directory.Exists).SelectMany(Directory.GetDirectories).Where(IsModel).Order(StringComparer.Ordinal);

    /// <summary>Whether a folder holds a model or a classifier.</summary>
    internal static bool IsModel(string folder) => File.Exists(Path.Combine(folder, "config.json"));

    private static IEnumerable<string> ModelsFolders()
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
            yield return Path.Combine(folder, "models");
    }
}
