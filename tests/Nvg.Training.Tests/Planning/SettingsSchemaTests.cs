using System.Text.Json.Nodes;
using Nvg.Training.Tasks.Classifiers;
using Nvg.Training.Tasks.Generators;
using Nvg.Training.Tasks.Tokenizers;
using Nvg.Training.Tasks.Var;

namespace Nvg.Training.Tests.Planning;

/// <summary>
/// Compares <c>configs/schema</c> with the types of the settings. Run with <c>NVG_RECORD_SCHEMA=1</c> to record it again.
/// </summary>
public class SettingsSchemaTests
{
    private const string Introduction = """
    # Configuration

    Every setting of the JSON files that `nvg train tokenizer|generator|classifier|var-tokenizer|var --config FILE` reads. `nvg train
    --init -o settings` writes files to start from, with a comment for every setting, and a JSON schema beside each
    ([train-your-own](train-your-own.md#settings-of-your-own)); the schemas are also in `configs/schema`. Comments and trailing commas are
    allowed, unknown keys are errors. `--set training.steps=1000` overrides a setting on the command line. What the settings mean for a
    model, and which ones the paper uses, is explained in [training](training.md).

    A schedule is `2`, `{ "linear": [1, 3.5] }` or `{ "power": [0.9, 0.3] }` from the first to the last stage, or `{ "perStage": [ … ] }`.

    This page is generated from the types of the settings and their comments: run the tests of `Nvg.Training` with
    `NVG_RECORD_SCHEMA=1` after a change.

    """;

    private static readonly string[] Names = ["tokenizer", "generator", "classifier", "var-tokenizer", "var"];

    public static TheoryData<string> Runs() => [.. Names];

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

    [Fact]
    public void Reference_OfAllRuns_IsAsRecorded()
    {
        string path = Path.Combine(Repository(), "docs", "configuration.md");
        string actual = SettingsReferenceWriter.Write(Introduction, Names.Select(
            run => (run, TypeOf(run), JsonNode.Parse(new SettingsSchemaWriter(Repository()).Write(TypeOf(run)))!)));
        if (Environment.GetEnvironmentVariable("NVG_RECORD_SCHEMA") == "1")
            File.WriteAllText(path, actual);
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
        "var-tokenizer" => typeof(VarTokenizerRunConfig),
        "var" => typeof(VarRunConfig),
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
