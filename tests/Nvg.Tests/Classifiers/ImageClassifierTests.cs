using Nvg.Classifiers;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tests.Classifiers;

[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public class ImageClassifierTests
{
    private static readonly ClassifierConfig Sizes =
        new() { ImageSize = 8, WhiteningChannels = 8, BlockChannels = [6, 10], ClassCount = 3 };

    [Fact]
    public void PatchWhitening_Filters_MakePatchesWhite()
    {
        using var scope = new TensorScope();
        Tensor images = Images(64, 16, 1);
        Tensor filters = PatchWhitening.Filters(images, 24);
        Assert.Equal([24, 3, 3, 3], filters.Shape.ToArray());
        Tensor responses = Functional.Conv2d(images, filters, null).Transpose(0, 1).Reshape(24, -1).To(ScalarType.Float64);
        Tensor centred = responses - responses.Mean(1, keepDimension: true);
        double[] covariance = (centred.Matmul(centred.Transpose(0, 1)) / (centred.Size(1) - 1)).ToArray<double>();
        for (int i = 0; i < 24; i++)
        {
            for (int j = 0; j < 24; j++)
                Assert.Equal(i == j ? 1 : Math.Abs(i - j) == 12 ? -1 : 0, covariance[i * 24 + j], 0.01);
        }
    }

    [Fact]
    public void Features_ImageAmongOthers_AreThoseOfTheImageAlone()
    {
        using var scope = new TensorScope();
        using var classifier = new ImageClassifier(Sizes, ParameterSource.Random(1));
        Tensor images = Images(5, 8, 2);
        classifier.MeasureNormalisation([Images(32, 8, 3)]);
        float[] together = classifier.Features(images).Select(0, 3).ToArray<float>();
        float[] alone = classifier.Features(images.Narrow(0, 3, 1)).ToArray<float>();
        Assert.Equal(Sizes.FeatureCount, alone.Length);
        Assert.All(together.Zip(alone), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
        float[] mirrored = classifier.Features(images.Narrow(0, 3, 1).Flip(3)).ToArray<float>();
        Assert.All(mirrored.Zip(alone), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
    }

    [Fact]
    public void MeasureNormalisation_OneBatch_MakesUseAndTrainingAgree()
    {
        using var scope = new TensorScope();
        using var classifier = new ImageClassifier(Sizes, ParameterSource.Random(1));
        // Mirror images of themselves, as use averages over both.
        Tensor half = Images(512, 8, 4), images = half + half.Flip(3);
        Tensor before = classifier.Classify(classifier.Features(images)), training = classifier.ForwardTraining(images);
        classifier.MeasureNormalisation([images.Alias()]);
        Tensor after = classifier.Classify(classifier.Features(images));
        // The stored variance is the unbiased one; of 512 × 4 positions and more that is within 0.05 %.
        Assert.True((after - training).Abs().Max().Item() < 5e-3);
        Assert.True((before - training).Abs().Max().Item() > 0.05);
    }

    [Fact]
    [Trait(TorchDoors.Trait, TorchDoors.Compiled)]
    public void ForwardTraining_Loss_ReachesEveryLearnedTensor()
    {
        using var scope = new TensorScope();
        using var classifier = new ImageClassifier(Sizes, ParameterSource.Random(1));
        classifier.Parameters.SetRequiresGrad(true);
        Functional.CrossEntropy(classifier.ForwardTraining(Images(6, 8, 5)), Tensor.From([0L, 1, 2, 0, 1, 2], 6)).Backward();
        foreach (string name in classifier.Parameters.TrainableNames)
        {
            using Tensor? grad = classifier.Parameters[name].Grad;
            Assert.True(grad is not null && grad.Abs().Sum().Item() > 0, name);
        }
    }

    [Theory]
    [InlineData(30, 32, "imageSize")]
    [InlineData(32, 7, "whiteningChannels")]
    [InlineData(32, 56, "whiteningChannels")]
    public void Validate_ImpossibleSizes_AreNamed(int side, int whitening, string key)
    {
        var config = new ClassifierConfig { ImageSize = side, WhiteningChannels = whitening, BlockChannels = [8, 8], ClassCount = 10 };
        Assert.Contains(key, Assert.Single(config.Validate()), StringComparison.Ordinal);
    }

    // Neighbouring pixels and channels are alike, as in images.
    private static Tensor Images(int count, int side, ulong seed)
    {
        using var scope = new TensorScope();
        using var random = new RandomGenerator(seed);
        Tensor smooth = Functional.UpsampleNearest(Tensor.Rand([count, 1, side / 4, side / 4], random), 4);
        return scope.Keep(smooth + Tensor.Rand([count, 3, side, side], random) - 1.0);
    }
}
