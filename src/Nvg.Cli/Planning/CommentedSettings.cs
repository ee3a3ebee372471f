using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Nvg.Configuration;

namespace Nvg.Cli.Planning;

/// <summary>Writes settings as JSON with a comment above every key.</summary>
internal sealed class CommentedSettings
{
    private const int Width = 110;

    private static readonly JsonSerializerOptions Values = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly StringBuilder _text = new();
    private readonly SettingsSchema _schema;

    private CommentedSettings(SettingsSchema schema) => _schema = schema;

    /// <summary>The settings as text.</summary>
    /// <typeparam name="TConfig">Type of the settings.</typeparam>
    /// <param name="settings">The settings.</param>
    /// <param name="schema">Describes the settings.</param>
    /// <param name="heading">Lines that come first, separated by line feeds; empty for none.</param>
    internal static string Write<TConfig>(TConfig settings, SettingsSchema schema, string heading = "")
    {
        var writer = new CommentedSettings(schema);
        JsonObject root = JsonNode.Parse(NvgJson.Write(settings))!.AsObject();
        writer._text.Append("{\n");
        foreach (string line in heading.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            writer.Comment(line, 1);
        writer._text.Append($"  \"$schema\": \"./{schema.FileName}\",\n");
        writer.Members(root, [], 1);
        writer._text.Append("}\n");
        return writer._text.ToString();
    }

    private void Members(JsonObject node, string[] keys, int depth)
    {
        int left = node.Count;
        foreach ((string key, JsonNode? value) in node)
        {
            string[] path = [.. keys, key];
            if (_schema.Description(path) is { } description)
                Comment(description, depth);
            Indent(depth).Append($"\"{key}\": ");
            // A schedule is also an object, but is read as a single value.
            if (value is JsonObject group && group.Any(member => _schema.Description([.. path, member.Key]) is not null))
            {
                _text.Append("{\n");
                Members(group, path, depth + 1);
                Indent(depth).Append('}');
            }
            else
            {
                _text.Append(value?.ToJsonString(Values) ?? "null");
            }

            _text.Append(--left > 0 ? ",\n" : "\n");
        }
    }

    private void Comment(string text, int depth)
    {
        string line = "";
        foreach (string word in text.Split(' '))
        {
            if (line.Length > 0 && 2 * depth + 4 + line.Length + word.Length > Width)
            {
                Indent(depth).Append($"// {line}\n");
                line = "";
            }

            line = line.Length == 0 ? word : $"{line} {word}";
        }

        Indent(depth).Append($"// {line}\n");
    }

    private StringBuilder Indent(int depth) => _text.Append(' ', 2 * depth);
}
