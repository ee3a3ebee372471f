using System.Text.Json;
using Nvg.Configuration;
using Nvg.Torch.Files;

namespace Nvg.Training.Runs;

/// <summary>Reads the settings of runs from JSON files; single values can be overridden with <c>key=value</c>.</summary>
public static class RunConfiguration
{
    /// <summary>Reads the settings of a run.</summary>
    /// <typeparam name="T">An <see cref="IRunConfiguration{TSelf}"/>.</typeparam>
    /// <param name="path">A JSON file.</param>
    /// <param name="overrides">Overrides such as <c>training.steps=1000</c>. A value that is not JSON is taken as text.</param>
    /// <exception cref="NvgDataException">The file or an override cannot be used; the message names the key.</exception>
    public static T Read<T>(string path, IReadOnlyList<string> overrides)
    {
        try
        {
            return SettingsOverrides.Read<T>(path, overrides);
        }
        catch (JsonException error)
        {
            throw new NvgDataException($"{SourceOf(error, path, overrides)}: {JsonProblem.Describe(error)}", error);
        }
    }

    /// <summary>Applies overrides to settings, for runs whose settings do not come from a file.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="overrides">Overrides such as <c>training.steps=1000</c>.</param>
    /// <exception cref="NvgDataException">An override cannot be used; the message names the key.</exception>
    internal static T With<T>(T settings, IReadOnlyList<string> overrides)
    {
        try
        {
            return SettingsOverrides.Apply(settings, overrides);
        }
        catch (JsonException error)
        {
            throw new NvgDataException($"--set: {JsonProblem.Describe(error)}", error);
        }
    }

    /// <summary>Writes the settings of a run, including overrides.</summary>
    public static void Write<T>(string path, T settings) =>
        AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, settings, NvgJson.Options));

    // The source of the value that cannot be used: the last override of its key, or the file.
    private static string SourceOf(JsonException error, string path, IReadOnlyList<string> overrides)
    {
        string key = error.Path is ['$', '.', .. var rest] ? rest : "";
        string? given = overrides.LastOrDefault(o => key == KeyOf(o) || key.StartsWith(KeyOf(o) + '.', StringComparison.Ordinal));
        return given is null ? path : $"--set {given}";
    }

    private static string KeyOf(string assignment) => assignment[..Math.Max(assignment.IndexOf('=', StringComparison.Ordinal), 0)];
}
