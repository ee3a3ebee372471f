using Nvg.Training.Planning.Facts;

namespace Nvg.Training.Planning;

/// <summary>
/// Describes what can be expected of a model, from the results of this project's models after a similar number of images.
/// </summary>
internal static class Expectation
{
    // Images seen by the generators: the shipped CIFAR-10 model saw 450,000 images of 32 × 32.
    private const double ColoursOnly = 3e4, Textures = 2e5, Objects = 2e6;

    // After this many passes, a small collection is memorised.
    private const double ManyEpochs = 100, SomeEpochs = 20;

    private const int FewImages = 2000;

    /// <summary>Sentences about a plan.</summary>
    /// <param name="data">The images.</param>
    /// <param name="trainingImages">Number of training images.</param>
    /// <param name="classCount">Number of classes that the model distinguishes.</param>
    /// <param name="generator">The generators' stage.</param>
    /// <param name="sizes">Sizes of the networks.</param>
    internal static IEnumerable<string> Of(
        DataFacts data, int trainingImages, int classCount, PlannedStage generator, PlannedSizes sizes)
    {
        double seen = generator.Images;
        yield return $"The generators see {PlanText.Rounded(seen)} images ({PlanText.Rounded(generator.Epochs)} passes). {Reach(seen)}";
        if (trainingImages < FewImages)
        {
            yield return generator.Epochs >= ManyEpochs
                ? $"With {trainingImages:N0} images, overfitting is likely: expect variations of the training images, "
                    + "with little that is new."
                : generator.Epochs >= SomeEpochs
                    ? $"With {trainingImages:N0} images, some overfitting is expected: results combine parts of the training images."
                    : $"{trainingImages:N0} images are few: variety will be limited, however long the training is.";
        }

        int perClass = trainingImages / classCount;
        if (classCount > 1 && perClass < 50)
            yield return $"Classes of about {perClass} images differ mainly in colour and layout, not in content.";
        if (data.SmallestSide < sizes.Size)
            yield return $"Images smaller than {sizes.Size} pixels are enlarged, which blurs them; the smallest has {data.SmallestSide}.";
    }

    private static string Reach(double seen) => seen switch
    {
        < ColoursOnly => "This is enough for the colours and the rough layout of the data; shapes and details stay blurred.",
        < Textures => "This is enough for colours, layouts and textures; objects are recognised only where the images of a class look "
            + "alike.",
        < Objects => "This is enough for textures and many simple objects; faces, animals and writing stay unclear.",
        _ => "This is enough for objects of most classes; longer training still improves details.",
    };
}
