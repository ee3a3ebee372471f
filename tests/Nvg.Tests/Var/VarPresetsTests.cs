using System.Text.Json.Nodes;
using Nvg.Torch.Nn;
using Nvg.Var;
using Nvg.Var.Tokenizers;
using Nvg.Var.Transformers;

namespace Nvg.Tests.Var;

public class VarPresetsTests
{
    [Theory]
    [InlineData("var-d16", 310_283_520)]
    [InlineData("var-d20", 600_917_136)]
    [InlineData("var-d24", 1_033_399_360)]
    [InlineData("var-d30", 2_010_020_356)]
    [InlineData("var-d36", 2_353_893_904)]
    public void Transformer_PublishedSizes_HaveThePublishedParameterCounts(string name, long parameters)
    {
        VarModelConfig preset = VarPresets.Find(name)!;
        Assert.Empty(preset.Validate());
        using var transformer = new VarTransformer(preset.Transformer!, ParameterSource.Meta());
        Assert.Equal(parameters, transformer.Parameters.ParameterCount);
    }

    [Fact]
    public void Tokenizer_PublishedSizes_HaveThePublishedParameterCounts()
    {
        using var tokenizer = new VarTokenizer(VarPresets.Tokenizer.Tokenizer, ParameterSource.Meta());
        Assert.Equal(108_948_355, tokenizer.Parameters.ParameterCount);
        Assert.Equal(44_107_872, Count("encoder."));
        Assert.Equal(64_653_923, Count("decoder."));
        Assert.Equal(131_072 + 36_992, Count("quantize."));
        Assert.Equal(256, VarPresets.Tokenizer.Tokenizer.ImageSize);
        Assert.Equal(512, VarPresets.D36.Tokenizer.ImageSize);

        long Count(string prefix) => tokenizer.Parameters.Where(
            p => p.Key.StartsWith(prefix, StringComparison.Ordinal)).Sum(p => p.Value.ElementCount);
    }

    [SharedFact("fixtures/var_layout.json")]
    public void Parameters_PublishedSizes_HaveThePublishedNamesAndShapes()
    {
        JsonObject layout = JsonNode.Parse(File.ReadAllText(SharedMaterial.Path("fixtures", "var_layout.json")))!.AsObject();
        string text = layout.ToJsonString();
        foreach (VarModelConfig preset in new[] { VarPresets.D16, VarPresets.D36 })
        {
            using var transformer = new VarTransformer(preset.Transformer!, ParameterSource.Meta());
            Assert.All(transformer.Parameters.Keys, name => Assert.Contains($"\"{name}\"", text, StringComparison.Ordinal));
        }

        using var tokenizer = new VarTokenizer(VarPresets.Tokenizer.Tokenizer, ParameterSource.Meta());
        Assert.All(tokenizer.Parameters.Keys, name => Assert.Contains($"\"{name}\"", text, StringComparison.Ordinal));
    }
}
