using System.Reflection;
using System.Text.Json;
using Nvg.Cli.Terminal;
using Nvg.Configuration;

namespace Nvg.Cli.Arguments;

/// <summary>Checks the keys of <c>--set key=value</c> against the settings that a config has.</summary>
internal static class SettingKeys
{
    private const int MaximumSuggestions = 2;

    /// <summary>Throws if an assignment names a setting that does not exist.</summary>
    /// <param name="config">Type of the config.</param>
    /// <param name="assignments">Assignments such as <c>training.steps=1000</c>.</param>
    /// <exception cref="UsageException">A key does not exist, or a value is missing.</exception>
    internal static void Check(Type config, IEnumerable<string> assignments)
    {
        foreach (string assignment in assignments)
        {
            int equals = assignment.IndexOf('=', StringComparison.Ordinal);
            if (equals < 1)
                throw new UsageException($"--set takes key=value, such as training.steps=1000; not '{assignment}'");
            Check(config, assignment[..equals]);
        }
    }

    private static void Check(Type config, string key)
    {
        Type type = config;
        string parent = "";
        foreach (string name in key.Split('.'))
        {
            PropertyInfo[] properties = type.GetProperties(BindingFlags.Public | BindingFlags.Instance);
            // A value with its own converter, such as a schedule, is checked when it is read.
            if (!IsSettings(type))
                return;
            if (Array.Find(properties, p => Names(p).Contains(name, StringComparer.Ordinal)) is not { } found)
            {
                string near = string.Join(" or ", NearestNames.Of(name, properties.Select(NameOf), MaximumSuggestions));
                string place = parent.Length > 0 ? $" in {parent}" : "", hint = near.Length > 0 ? $"; did you mean {near}?" : "";
                throw new UsageException($"--set {key}: there is no setting '{name}'{place}{hint}");
            }

            type = Nullable.GetUnderlyingType(found.PropertyType) ?? found.PropertyType;
            parent = parent.Length > 0 ? $"{parent}.{name}" : name;
        }
    }

    private static bool IsSettings(Type type) =>
        type is { IsClass: true, IsAbstract: false } && type.Namespace?.StartsWith(nameof(Nvg), StringComparison.Ordinal) == true
        && type.GetConstructors().Any(c => c.GetParameters().Length == 0);

    private static string NameOf(PropertyInfo property) => JsonNamingPolicy.CamelCase.ConvertName(property.Name);

    private static IEnumerable<string> Names(PropertyInfo property) =>
        property.GetCustomAttributes<FormerNameAttribute>().Select(former => former.Name).Prepend(NameOf(property));
}
