using Nvg.Checkpoints;
using Nvg.Generators;
using Nvg.Sampling;
using Nvg.Tokenizers;
using Nvg.Torch.Nn;

namespace Nvg.Cli.Tests;

/// <summary>A model folder of random weights, small enough to run in milliseconds.</summary>
public class TinyModel : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public TinyModel()
        : this(Labels)
    {
    }

    protected TinyModel(string[] labels)
    {
        var sizes = new TokenizerConfig
        {
            ImageSize = 32,
            BaseChannels = 32,
            ChannelMultipliers = [1, 2, 2],
            ResNetBlocks = 1,
            LatentChannels = 8,
            CodebookSize = 64,
        };
        var generatorSizes = new GeneratorConfig
        {
            LatentHeight = 8,
            LatentWidth = 8,
            LatentChannels = 8,
            CodebookSize = 64,
            ClassCount = labels.Length,
            Depth = 2,
        };
        var config = new ModelConfig
        {
            Name = "tiny",
            Tokenizer = sizes,
            Generator = generatorSizes,
            Sampling = new SamplingOptions { StructureSteps = 2 },
        };
        using var tokenizer = new Tokenizer(sizes, ParameterSource.Random(1));
        using var generator = new NvgGenerator(generatorSizes, ParameterSource.Random(2));
        // A codebook as it is before training would leave every image grey.
        tokenizer.Quantizer.Codebook.MultiplyInPlace(64);
        NvgModel.Save(Folder, config, tokenizer.Parameters, generator.Parameters, labels);
    }

    public static string[] Labels { get; } = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

    public string Folder => _folder["tiny"];

    public void Dispose()
    {
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }
}
