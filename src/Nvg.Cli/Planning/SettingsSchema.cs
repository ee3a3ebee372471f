using System.Reflection;
using System.Text.Json.Nodes;
using Nvg.Torch.Files;

namespace Nvg.Cli.Planning;

/// <summary>The JSON schema of the settings of a run, with which editors complete and check them.</summary>
internal sealed class SettingsSchema
{
    private readonly string _stage;
    private readonly byte[] _content;
    private readonly JsonNode _root;

    private SettingsSchema(string stage, byte[] content) =>
        (_stage, _content, _root) = (stage, content, JsonNode.Parse(content)!);

    /// <summary>Name of the schema's file.</summary>
    internal string FileName => NameOf(_stage);

    /// <summary>Reads the schema of a run from the resources of this program.</summary>
    /// <param name="stage">tokenizer, generator or classifier.</param>
    internal static SettingsSchema Of(string stage)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"schema/{NameOf(stage)}")
            ?? throw new InvalidOperationException($"the schema of {stage} is not part of this program");
        byte[] content = new byte[stream.Length];
        stream.ReadExactly(content);
        return new SettingsSchema(stage, content);
    }

    /// <summary>What a setting means; null if there is no such setting.</summary>
    /// <param name="keys">Keys from the root to the setting.</param>
    internal string? Description(IEnumerable<string> keys)
    {
        JsonNode? node = _root;
        foreach (string key in keys)
            node = node?["properties"]?[key];
        return (string?)node?["description"];
    }

    /// <summary>Writes the schema to a folder.</summary>
    internal void CopyTo(string folder) => AtomicFile.Write(Path.Combine(folder, FileName), _content);

    private static string NameOf(string stage) => $"{stage}.schema.json";
}
