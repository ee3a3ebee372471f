using Nvg.Checkpoints;
using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Tokenizers;
using Nvg.Torch;

namespace Nvg.Benchmarks;

/// <summary>Models of random weights to measure, by name: <c>small</c> for 32 × 32 images, and the published <c>nvg-d16</c>.</summary>
internal static class BenchmarkModel
{
    /// <summary>The small model.</summary>
    internal const string Small = "small";

    /// <summary>The smallest published model.</summary>
    internal const string D16 = "nvg-d16";

    /// <summary>The sizes of the small model: a latent of 8 × 8 positions in 7 stages.</summary>
    private static readonly ModelConfig SmallSizes = new()
    {
        Name = Small,
        Tokenizer = new TokenizerConfig
        {
            ImageSize = 32,
            BaseChannels = 64,
            ChannelMultipliers = [1, 2, 2],
            LatentChannels = 16,
            CodebookSize = 1024,
        },
        Generator = new GeneratorConfig
        {
            LatentHeight = 8,
            LatentWidth = 8,
            LatentChannels = 16,
            CodebookSize = 1024,
            ClassCount = 10,
            Depth = 6,
        },
    };

    /// <summary>A model of random weights on the CPU; the caller disposes it.</summary>
    /// <param name="name"><see cref="Small"/> or <see cref="D16"/>.</param>
    /// <param name="type">Element type of the matrices.</param>
    internal static NvgModel Create(string name, ScalarType type = ScalarType.Float32) =>
        NvgModel.Random(name == Small ? SmallSizes : Presets.NvgD16, type: type);

    /// <summary>Random latents, N × L × C.</summary>
    internal static Tensor Latents(NvgModel model, int count)
    {
        using var random = new RandomGenerator(0);
        LatentGrid grid = model.Config.Tokenizer.Grid;
        return Tensor.Randn([count, grid.Length, model.Config.Tokenizer.LatentChannels], random);
    }

    /// <summary>Inputs of a generator at a stage in the middle; every stage costs the same.</summary>
    /// <param name="model">The model.</param>
    /// <param name="count">Sequences of the pass.</param>
    internal static GeneratorInputs Inputs(NvgModel model, int count)
    {
        using var scope = new TensorScope();
        LatentGrid grid = model.Config.Tokenizer.Grid;
        int stage = grid.LastStage / 2;
        Tensor labels_L = Tensor.Arange(0, grid.Length, 1, ScalarType.Int64).FloorDivide(grid.ClusterSize(stage));
        Tensor labels_NL = labels_L.Unsqueeze(0).Expand(count, grid.Length);
        return new GeneratorInputs(
            scope.Keep(Latents(model, count)), scope.Keep(StructureEmbedding.Embed(labels_NL, stage, grid.LastStage)),
            scope.Keep(Tensor.Full([count], stage, ScalarType.Int64)), scope.Keep(Tensor.Zeros([count], ScalarType.Int64)));
    }
}
