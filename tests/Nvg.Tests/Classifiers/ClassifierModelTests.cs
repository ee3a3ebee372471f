using System.Text.Json.Nodes;
using Nvg.Classifiers;
using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;
using Nvg.Torch.Nn;

namespace Nvg.Tests.Classifiers;

[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public sealed class ClassifierModelTests : IDisposable
{
    private static readonly ClassifierModelConfig Config = new()
    {
        Name = "tiny",
        Classifier = new() { ImageSize = 8, WhiteningChannels = 8, BlockChannels = [6, 10], ClassCount = 2 },
    };

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Load_WhatWasSaved_ClassifiesTheSame()
    {
        using var scope = new TensorScope();
        using var network = new ImageClassifier(Config.Classifier, ParameterSource.Random(1));
        ClassifierModel.Save(_folder["c"], Config, network.Parameters, ["cat", "dog"]);
        using ClassifierModel loaded = ClassifierModel.Load(_folder["c"]);
        using var random = new RandomGenerator(1);
        Tensor images = Tensor.Rand([3, 3, 8, 8], random);
        Assert.Equal(network.Features(images).ToArray<float>(), loaded.Network.Features(images).ToArray<float>());
        Assert.Equal(["cat", "dog"], loaded.Labels);
        Assert.Equal("tiny", loaded.Config.Name);
        Assert.True(ClassifierModel.IsAt(_folder["c"]));
        Assert.False(ClassifierModel.IsAt(_folder.Root));
    }

    [Fact]
    public void Save_HalfPrecision_KeepsVectorsInSingle()
    {
        Save(ScalarType.Float16);
        using SafetensorsFile file = SafetensorsFile.Open(_folder["c/classifier.safetensors"]);
        Assert.All(file, t => Assert.Equal(t.Value.Rank < 2 ? ScalarType.Float32 : ScalarType.Float16, t.Value.ScalarType));
    }

    [Theory]
    [InlineData("a missing tensor", "head.bias")]
    [InlineData("a tensor too many", "surplus")]
    [InlineData("other sizes", "blocks.1.conv1.weight")]
    [InlineData("a label too many", "labels.txt")]
    [InlineData("an unknown key", "colour")]
    [InlineData("no weights", "classifier.safetensors")]
    public void Load_DamagedFolder_IsRefusedInOneLine(string damage, string named)
    {
        Save();
        switch (damage)
        {
            case "a missing tensor":
                Rewrite(tensors => tensors.Where(t => t.Key != named));
                break;
            case "a tensor too many":
                Rewrite(tensors => tensors.Append(KeyValuePair.Create(named, tensors.First().Value)));
                break;
            case "other sizes":
                Edit(config => config["classifier"]!["blockChannels"] = new JsonArray(6, 12));
                break;
            case "a label too many":
                File.AppendAllText(_folder["c/labels.txt"], "bird\n");
                break;
            case "an unknown key":
                Edit(config => config[named] = 1);
                break;
            default:
                File.Delete(_folder["c/classifier.safetensors"]);
                break;
        }

        string message = Assert.Throws<NvgDataException>(() => ClassifierModel.Load(_folder["c"])).Message;
        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    public void Dispose() => _folder.Dispose();

    private void Save(ScalarType type = ScalarType.Float32)
    {
        using var network = new ImageClassifier(Config.Classifier, ParameterSource.Random(1));
        ClassifierModel.Save(_folder["c"], Config, network.Parameters, ["cat", "dog"], type);
    }

    private void Rewrite(Func<IEnumerable<KeyValuePair<string, Tensor>>, IEnumerable<KeyValuePair<string, Tensor>>> change)
    {
        using var scope = new TensorScope();
        using (SafetensorsFile file = SafetensorsFile.Open(_folder["c/classifier.safetensors"]))
            SafetensorsFile.Write(_folder["changed"], change([.. file]).Select(t => KeyValuePair.Create(t.Key, t.Value.Clone())).ToList());
        File.Move(_folder["changed"], _folder["c/classifier.safetensors"], overwrite: true);
    }

    private void Edit(Action<JsonNode> change)
    {
        JsonNode config = JsonNode.Parse(File.ReadAllText(_folder["c/config.json"]))!;
        change(config);
        File.WriteAllText(_folder["c/config.json"], config.ToJsonString());
    }
}
