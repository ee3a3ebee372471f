using Nvg.Classifiers;
using Nvg.Evaluation.Classes;
using Nvg.Evaluation.Features;
using Nvg.Torch.Nn;

namespace Nvg.Evaluation.Tests.Classes;

public class ClassEvaluationTests
{
    [Fact]
    public void Run_LogitIsNaN_IsRefused()
    {
        using var network = new ColourFeatures(broken: double.NaN);
        LabelledImage[] images = [new("a", Images.Gradient(4, 4), 0), new("b", Images.Gradient(4, 4), 1)];
        Assert.Contains(
            "not finite", Assert.Throws<NvgDataException>(() => ClassEvaluation.Run(network, images)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_ClassifierWithTheNameOfAnotherNetwork_IsRefused()
    {
        using var folder = new TemporaryFolder();
        var sizes = new ClassifierConfig { ImageSize = 8, WhiteningChannels = 8, BlockChannels = [4], ClassCount = 2 };
        using var network = new ImageClassifier(sizes, ParameterSource.Random(3));
        ClassifierModel.Save(folder["c"], new() { Name = PublishedProtocol.Network, Classifier = sizes }, network.Parameters, ["a", "b"]);
        Assert.Contains("another network", Assert.Throws<NvgDataException>(
            () => ClassifierFeatures.Load(folder["c"])).Message, StringComparison.Ordinal);
    }
}
