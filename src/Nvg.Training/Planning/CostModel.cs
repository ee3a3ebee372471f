using Nvg.Generators;
using Nvg.Tokenizers;
using Nvg.Training.Planning.Facts;
using Nvg.Training.Tasks.Tokenizers;

namespace Nvg.Training.Planning;

/// <summary>
/// Operations and memory of training, estimated from the sizes of the networks. A plan chooses sizes from these estimates; its
/// times follow from rates that are measured with the chosen sizes.
/// </summary>
internal static class CostModel
{
    // Shares of the matrix rate that the networks reach: convolutions with few channels are much slower than large products.
    // Measured on two CPU cores with the networks for 64 × 64 pixels (docs/training-small.md).
    private const double ConvolutionEfficiency = 0.3, TransformerEfficiency = 0.7;

    // Narrower transformers reach a smaller share, which falls with the square of the width: what surrounds the products takes longer than
    // the products themselves. Measured with depths 2, 4 and 6: 85, 44 and 13 images/s.
    private const double EfficientWidth = 256;

    // A backward pass costs two forward passes.
    private const int PassesOfTraining = 3;

    // Passes of the perceptual network: two forward passes for the two images, and one backward pass.
    private const int PerceptualPasses = 3;

    // The first three stages of ResNet-18 for an image of 224 × 224.
    private const double PerceptualOperations = 2.7e9, PerceptualSide = 224;

    // Runtime, libraries, weights of pretrained networks, decoded images.
    private const long BaseMemory = 600L << 20;

    // Bytes that a tokenizer keeps for the backward pass per pixel and channel of the first level; 22 MB for an image of 64 × 64
    // with 16 channels.
    private const double TokenizerBytes = 340;

    // Activations of a transformer block per token and channel that are kept for the backward pass.
    private const double BlockBytes = 120;

    // Weights, gradients, two moments and the average, in float32.
    private const int BytesPerParameter = 20;

    /// <summary>Rates of networks on a machine.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="tokenizer">Settings of the tokenizer.</param>
    /// <param name="depth">Depth of the generators.</param>
    /// <param name="stages">Content and structure stages per image and step.</param>
    /// <param name="classifier">Channels of the classifier's blocks; empty without one.</param>
    internal static StageRates Estimate(
        MachineFacts machine, TokenizerRunConfig tokenizer, int depth, (int Content, int Structure) stages, IReadOnlyList<int> classifier)
    {
        double convolutions = machine.MatrixRate * ConvolutionEfficiency;
        double products = machine.MatrixRate * TransformerEfficiency * Math.Min(1, Math.Pow(Width(depth) / EfficientWidth, 2));
        double codec = CodecOperations(tokenizer.Tokenizer);
        double training = PassesOfTraining * codec;
        int size = tokenizer.Tokenizer.ImageSize;
        if (tokenizer.Loss.Perceptual is not null)
            training += PerceptualPasses * PerceptualOperations * Math.Pow(size / PerceptualSide, 2);
        int length = tokenizer.Tokenizer.Grid.Length;
        return new StageRates
        {
            Tokenizer = convolutions / training,
            Generator = products / (PassesOfTraining * GeneratorOperations(length, depth, stages.Content, stages.Structure)),
            Classifier = classifier.Count == 0 ? 0 : convolutions / (PassesOfTraining * ClassifierOperations(size, classifier)),
            Encoding = convolutions / (codec / 2),
            // With guidance, every stage has two passes; the structure flow has about ten steps.
            Sampling = products
                / GeneratorOperations(length, depth, 2 * tokenizer.Tokenizer.Grid.StageCount, 20 * tokenizer.Tokenizer.Grid.StageCount),
        };
    }

    /// <summary>Memory of the tokenizer's training in bytes.</summary>
    internal static long TokenizerMemory(TokenizerConfig sizes, int batch) =>
        BaseMemory + (long)(TokenizerBytes * sizes.ImageSize * sizes.ImageSize * sizes.BaseChannels * batch);

    /// <summary>Memory of the generators' training in bytes.</summary>
    internal static long GeneratorMemory(int length, int depth, (int Content, int Structure) stages, int batch)
    {
        double width = Width(depth), tokens = (double)batch * length * (stages.Content + 0.5 * stages.Structure);
        return BaseMemory + (long)(tokens * width * depth * BlockBytes + BytesPerParameter * Parameters(depth));
    }

    /// <summary>Parameters of both generators: twelve times the squared width per block, and half of that for the modulation.</summary>
    internal static double Parameters(int depth) => 18.0 * depth * Math.Pow(Width(depth), 2) * 1.25;

    private static double Width(int depth) => new GeneratorConfig
    {
        LatentHeight = 1,
        LatentWidth = 1,
        LatentChannels = 1,
        CodebookSize = 2,
        ClassCount = 1,
        Depth = depth,
    }.ContentWidth;

    // Forward pass of encoder and decoder: two convolutions per block, one more block in the decoder, two blocks in the middle of each.
    private static double CodecOperations(TokenizerConfig sizes)
    {
        double sum = 0;
        for (int level = 0; level < sizes.ChannelMultipliers.Count; level++)
        {
            double side = sizes.ImageSize >> level, channels = sizes.BaseChannels * sizes.ChannelMultipliers[level];
            int blocks = 2 * sizes.ResNetBlocks + 2 + (level == sizes.ChannelMultipliers.Count - 1 ? 4 : 0);
            sum += blocks * 2 * Convolution(side, channels);
        }

        return sum;
    }

    private static double Convolution(double side, double channels) => 2 * 9 * channels * channels * side * side;

    // Twelve width × width matrices per block and token, and attention over short sequences. The structure generator is half as
    // wide.
    private static double GeneratorOperations(int length, int depth, int contentPasses, int structurePasses)
    {
        double width = Width(depth);
        double block = 24 * width * width + 4 * width * length, half = 6 * width * width + 2 * width * length;
        return length * depth * (contentPasses * block + structurePasses * half);
    }

    private static double ClassifierOperations(int size, IReadOnlyList<int> channels) =>
        channels.Index().Sum(block => 3 * Convolution(size >> block.Index, block.Item) / 2);
}
