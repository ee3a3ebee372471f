using Nvg.Checkpoints;
using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Sampling;
using Nvg.Tokenizers;
using Nvg.Torch.Nn;

namespace Nvg.Server.Tests;

/// <summary>A model folder of random weights that computes an image in milliseconds; its classes have names to look for.</summary>
public sealed class ServedTinyModel : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public ServedTinyModel()
    {
        GeneratorConfig generatorSizes = Tiny.Generator(new LatentGrid(4, 4)) with
        {
            StructureGuidanceLimit = 3,
            ContentGuidanceLimit = 12,
        };
        var config = new ModelConfig
        {
            Name = "tiny",
            Tokenizer = Tiny.TokenizerSizes,
            Generator = generatorSizes,
            Sampling = new SamplingOptions { StructureSteps = 2 },
        };
        using var tokenizer = new Tokenizer(config.Tokenizer, ParameterSource.Random(1));
        using var generator = new NvgGenerator(generatorSizes, ParameterSource.Random(2));
        // A codebook as it is before training would leave every image grey.
        tokenizer.Quantizer.Codebook.MultiplyInPlace(16);
        NvgModel.Save(Folder, config, tokenizer.Parameters, generator.Parameters, ["ship, boat", "lion", "sea lion"]);
    }

    public string Folder => _folder["tiny"];

    internal TemporaryFolder Files => _folder;

    public void Dispose() => _folder.Dispose();
}
