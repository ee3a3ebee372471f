using Nvg.Configuration;
using Nvg.Pretrained;
using Nvg.Training.Runs;
using Nvg.Training.Tasks.Classifiers;
using Nvg.Training.Tasks.Generators;
using Nvg.Training.Tasks.Tokenizers;

namespace Nvg.Training.Tests;

public class RunConfigurationTests
{
    [Theory]
    [InlineData("[1, 2]")]
    [InlineData("3")]
    [InlineData("{ \"name\": \"a\", \"training\": { \"steps\": 1, \"steps\": 2 } }")]
    public void Read_NoSettingsOrKeysTwice_IsRefusedWithOneLine(string json)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["config.json"], json);
        var error = Assert.Throws<NvgDataException>(
            () => RunConfiguration.Read<TokenizerRunConfig>(folder["config.json"], ["training.steps=3"]));
        Assert.Contains("config.json", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData("training.stepz=1", "there is no setting 'stepz' in training")]
    [InlineData("extra=1", "there is no setting 'extra'")]
    [InlineData("training.steps=many", "training.steps must be a whole number")]
    [InlineData("training.learningRate=x", "training.learningRate must be a number")]
    [InlineData("training.precision=1.5", "training.precision must be float32 or bFloat16")]
    [InlineData("training.precision=half", "training.precision must be float32 or bFloat16, not 'half'")]
    [InlineData("training.precision=float16", "training.precision must be float32 or bFloat16, not 'float16'")]
    [InlineData("training={\"precision\":\"int8\"}", "training.precision must be float32 or bFloat16, not 'int8'")]
    [InlineData("tokenizer.channelMultipliers=3", "tokenizer.channelMultipliers must be a list")]
    [InlineData("tokenizer={}", "missing settings in tokenizer: 'imageSize', ")]
    public void Read_WrongOverride_IsNamedWithoutTypes(string assignment, string expected)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["config.json"], """
            { "name": "a", "tokenizer": { "imageSize": 8, "baseChannels": 8, "channelMultipliers": [1],
                "latentChannels": 4, "codebookSize": 16 },
              "training": { "steps": 1, "batchSize": 1, "learningRate": 1 } }
            """);
        string message = Assert.Throws<NvgDataException>(
            () => RunConfiguration.Read<TokenizerRunConfig>(folder["config.json"], [assignment])).Message;
        Assert.StartsWith($"--set {assignment}: {expected}", message, StringComparison.Ordinal);
        Assert.DoesNotMatch(@"System\.|Nvg\.|\.NET|LineNumber", message);
    }

    [Theory]
    [InlineData("cifar10-tokenizer")]
    [InlineData("eurosat-tokenizer")]
    [InlineData("imagenet-tokenizer")]
    public void Read_ShippedTokenizerConfig_IsValid(string name) =>
        Assert.Empty(RunConfiguration.Read<TokenizerRunConfig>(Shipped(name), []).Validate());

    [Theory]
    [InlineData("cifar10-generator")]
    [InlineData("eurosat-generator")]
    [InlineData("imagenet-d16")]
    public void Read_ShippedGeneratorConfig_IsValid(string name) =>
        Assert.Empty(RunConfiguration.Read<GeneratorRunConfig>(Shipped(name), []).Validate());

    [Fact]
    public void Write_OptionsThatAreNotUsed_LeaveNoTrace()
    {
        // A run's fingerprint is made of this text: options that came later must not change it where they are not used.
        string tokenizer = NvgJson.Write(RunConfiguration.Read<TokenizerRunConfig>(Shipped("cifar10-tokenizer"), []));
        string generator = NvgJson.Write(RunConfiguration.Read<GeneratorRunConfig>(Shipped("cifar10-generator"), ["tokenFeatures=0"]));
        string[] options =
        [
            "adversarial", "perceptual", "stageDropout", "crop", "microBatchSize", "parts", "start\"", "alignment", "activationCheckpoints",
            "orientations", "tokenFeatures",
        ];
        foreach (string option in options)
            Assert.DoesNotContain(option, tokenizer + generator, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_Orientations_AreEightOrAbsentAndNotForClassifiers()
    {
        TokenizerRunConfig config = RunConfiguration.Read<TokenizerRunConfig>(Shipped("eurosat-tokenizer"), ["training.orientations=8"]);
        Assert.Empty(config.Validate());
        config = config with { Training = config.Training with { Orientations = 4 } };
        Assert.Contains("orientations must be 8", Assert.Single(config.Validate()), StringComparison.Ordinal);
        ClassifierRunConfig classifier = RunConfiguration.Read<ClassifierRunConfig>(Shipped("eurosat-classifier"), []);
        Assert.Empty(classifier.Validate());
        classifier = classifier with { Training = classifier.Training with { Orientations = 8 } };
        Assert.Contains("orientations", Assert.Single(classifier.Validate()), StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_PerceptualBackbone_DecidesWhichFilesAreNeeded()
    {
        Assert.Empty(new PerceptualLossOptions { Backbone = PerceptualBackbone.ResNet18 }.Validate());
        string missing = Assert.Single(new PerceptualLossOptions().Validate());
        Assert.Contains("perceptual.linearWeights", missing, StringComparison.Ordinal);
        var extra = new PerceptualLossOptions { Backbone = PerceptualBackbone.ResNet18, LinearWeights = "a" };
        Assert.Contains("perceptual.linearWeights", Assert.Single(extra.Validate()), StringComparison.Ordinal);
    }

    private static string Shipped(string name) => Repository.PathOf($"configs/{name}.json");
}
