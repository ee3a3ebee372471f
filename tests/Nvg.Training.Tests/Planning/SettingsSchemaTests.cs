using System.Text.Json.Nodes;
using Nvg.Training.Tasks.Classifiers;
using Nvg.Training.Tasks.Generators;
using Nvg.Training.Tasks.Tokenizers;

namespace Nvg.Training.Tests.Planning;

/// <summary>
/// Compares <c>configs/schema</c> with the types of the settings. Run with <c>NVG_RECORD_SCHEMA=1</c> to record it again.
/// </summary>
public class SettingsSchemaTests
{
    public static TheoryData<string> Runs() => ["tokenizer", "generator", "classifier"];

    [Theory]
    [MemberData(nameof(Runs))]
    public void Schema_OfARun_IsAsRecorded(string run)
    {
        string path = PathOf(run), actual = new SettingsSchemaWriter(Repository()).Write(TypeOf(run));
        if (Environment.GetEnvironmentVariable("NVG_RECORD_SCHEMA") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, actual);
        }

        Assert.True(File.Exists(path), $"{path} is missing: run the test with NVG_RECORD_SCHEMA=1");
        Assert.Equal(File.ReadAllText(path), actual);
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void Schema_OfARun_DescribesEverySettingAndForbidsOthers(string run)
    {
        JsonNode root = JsonNode.Parse(File.ReadAllText(PathOf(run)))!;
        Assert.Empty(Undescribed(root, ""));
        Assert.False((bool)root["additionalProperties"]!);
    }

    private static IEnumerable<string> Undescribed(JsonNode node, string path)
    {
        foreach ((string key, JsonNode? value) in node["properties"]?.AsObject() ?? [])
        {
            if (key == "$schema")
                continue;
            if (value?["description"] is null)
                yield return path + key;
            foreach (string inner in value is JsonObject ? Undescribed(value, $"{path}{key}.") : [])
                yield return inner;
        }
    }

    private static Type TypeOf(string run) => run switch
    {
        "tokenizer" => typeof(TokenizerRunConfig),
        "generator" => typeof(GeneratorRunConfig),
        _ => typeof(ClassifierRunConfig),
    };

    private static string PathOf(string run) => Path.Combine(Repository(), "configs", "schema", $"{run}.schema.json");

    private static string Repository()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "nvg.slnx")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("the repository was not found");
        return folder;
    }
}
