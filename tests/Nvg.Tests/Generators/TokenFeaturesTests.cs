using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tests.Generators;

/// <summary>Token features: values beside the predicted canvas that the logits of tokens depend on.</summary>
[Collection(RunsAlone.Name), NoTensorLeaks]
public class TokenFeaturesTests
{
    private const int Features = 3;

    private static readonly GeneratorConfig Sizes = Tiny.GeneratorSizes with { TokenFeatures = Features };

    [Fact]
    public void Logits_HeadFromTheCodebook_IgnoresFeaturesUntilTheyHaveWeights()
    {
        using var generator = new NvgGenerator(Sizes, ParameterSource.Random(1));
        using var scope = new TensorScope();
        using var random = new RandomGenerator(2);
        Tensor codebook_VC = Tensor.Rand([Sizes.CodebookSize, Sizes.LatentChannels], random);
        Tensor canvas_NLC = Tensor.Rand([2, Sizes.Grid.Length, Sizes.LatentChannels], random);
        generator.Content.StartTokenHead(codebook_VC, 0.5);
        Tensor predicted_NLX = Tensor.Rand([2, Sizes.Grid.Length, Sizes.LatentChannels + Features], random);
        Tensor features_NLE = predicted_NLX.Narrow(2, Sizes.LatentChannels, Features);
        using var clusters = new ClusterMean(Tiny.Structure(Sizes.Grid, 2, Sizes.Grid.StageCount).Select(1, 1), 2);
        Tensor logits_NMV = generator.Content.Logits(predicted_NLX, canvas_NLC, clusters);

        // As without features: the nearest-code head over the difference between the canvases.
        Tensor means_NMC = clusters.Average(predicted_NLX.Narrow(2, 0, Sizes.LatentChannels) - canvas_NLC);
        Tensor expected_NMV = means_NMC.Matmul(codebook_VC.Transpose(0, 1)) / 0.5 - codebook_VC.Square().Sum(1);
        AssertClose(expected_NMV, logits_NMV);

        // A weight of one for code 5 and the last feature adds the mean of that feature to the logit of that code, and to no other.
        Tensor weight_VX = generator.Parameters["cls_head.linear.weight"];
        weight_VX.Narrow(0, 5, 1).Narrow(1, Sizes.LatentChannels + Features - 1, 1).CopyFrom(Tensor.From([1f], 1, 1));
        Tensor change_NMV = generator.Content.Logits(predicted_NLX, canvas_NLC, clusters) - logits_NMV;
        AssertClose(clusters.Average(features_NLE).Narrow(2, Features - 1, 1), change_NMV.Narrow(2, 5, 1));
        Assert.All(change_NMV.Narrow(2, 0, 5).ToArray<float>(), c => Assert.Equal(0, c, 6));
    }

    [Fact]
    public void PredictFinalCanvas_WithFeatures_AppendsThemToTheCanvas()
    {
        using var generator = new NvgGenerator(Sizes, ParameterSource.Random(1));
        using var scope = new TensorScope();
        Tensor canvas_NLC = Tensor.Zeros([2, Sizes.Grid.Length, Sizes.LatentChannels]);
        Tensor labels_NL = Tiny.Structure(Sizes.Grid, 2, Sizes.Grid.StageCount).Select(1, 1);
        Tensor structure_NLK = StructureEmbedding.Embed(labels_NL, 1, Sizes.Grid.LastStage);
        Tensor predicted_NLX = generator.Content.PredictFinalCanvas(
            canvas_NLC, structure_NLK, Tensor.From([1L, 1L], 2), Tensor.From([0L, 2L], 2));
        Assert.Equal([2, Sizes.Grid.Length, Sizes.LatentChannels + Features], predicted_NLX.Shape.ToArray());
        Assert.Equal([2, Sizes.Grid.Length, Sizes.LatentChannels], generator.Content.CanvasOf(predicted_NLX).Shape.ToArray());
    }

    [Fact]
    public void Parameters_WithFeatures_HaveTheSameNamesAndTwoWiderHeads()
    {
        using var plain = new NvgGenerator(Tiny.GeneratorSizes, ParameterSource.Meta());
        using var generator = new NvgGenerator(Sizes, ParameterSource.Meta());
        Assert.Equal(plain.Parameters.Keys, generator.Parameters.Keys);
        string[] changed = [.. plain.Parameters.Keys.Where(name =>
            !plain.Parameters[name].Shape.SequenceEqual(generator.Parameters[name].Shape))];
        Assert.Equal(["cls_head.linear.weight", "x0_head.linear.bias", "x0_head.linear.weight"], changed.Order());
    }

    [Fact]
    public void Validate_NegativeCount_IsNamed() =>
        Assert.Contains("tokenFeatures", Assert.Single((Sizes with { TokenFeatures = -1 }).Validate()), StringComparison.Ordinal);

    private static void AssertClose(Tensor expected, Tensor actual) =>
        Assert.All(expected.ToArray<float>().Zip(actual.ToArray<float>()), p => Assert.Equal(p.First, p.Second, 1e-4));
}
