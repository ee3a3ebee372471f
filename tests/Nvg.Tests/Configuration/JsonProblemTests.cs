using System.Text.Json;
using Nvg.Configuration;
using Nvg.Generators;

namespace Nvg.Tests.Configuration;

/// <summary>
/// The descriptions are made from the messages of System.Text.Json. These tests fail when a version of the runtime words them
/// otherwise, so that its words and type names never reach a reader.
/// </summary>
public class JsonProblemTests
{
    [Theory]
    [InlineData("""{"depth": "two"}""", "depth must be a whole number")]
    [InlineData("""{"deph": 2}""", "there is no setting 'deph'")]
    [InlineData("{}", "latentHeight")]
    [InlineData("""{"depth": 2,, }""", "line 1")]
    public void Describe_ErrorOfTheRuntime_IsInTheWordsOfTheSettings(string json, string expected)
    {
        JsonException error = Assert.ThrowsAny<JsonException>(() => JsonSerializer.Deserialize<GeneratorConfig>(json, NvgJson.Options));
        string description = JsonProblem.Describe(error);
        Assert.Contains(expected, description, StringComparison.Ordinal);
        Assert.All(
            ["System.", nameof(GeneratorConfig), "JSON property", "JSON value", "deserialization", "BytePositionInLine"],
            words => Assert.DoesNotContain(words, description, StringComparison.Ordinal));
    }
}
