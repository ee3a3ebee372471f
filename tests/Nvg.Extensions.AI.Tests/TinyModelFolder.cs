using Nvg.Checkpoints;
using Nvg.Generators;
using Nvg.Sampling;
using Nvg.Tokenizers;
using Nvg.Torch.Nn;

namespace Nvg.Extensions.AI.Tests;

/// <summary>A model folder of random weights, and the model.</summary>
public sealed class TinyModelFolder : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public TinyModelFolder()
    {
        var config = new ModelConfig
        {
            Name = "tiny",
            Tokenizer = Tiny.TokenizerSizes,
            Generator = Tiny.GeneratorSizes with { ContentGuidanceLimit = 12 },
            Sampling = new SamplingOptions { StructureSteps = 2 },
        };
        using (var tokenizer = new Tokenizer(config.Tokenizer, ParameterSource.Random(1)))
        using (var generator = new NvgGenerator(config.Generator, ParameterSource.Random(2)))
        {
            // A codebook as it is before training would leave every image grey.
            tokenizer.Quantizer.Codebook.MultiplyInPlace(16);
            NvgModel.Save(Folder, config, tokenizer.Parameters, generator.Parameters, ["ship, boat", "lion", "sea lion"]);
        }

        Model = NvgModel.Load(Folder);
    }

    public string Folder => _folder["tiny"];

    public NvgModel Model { get; }

    public void Dispose()
    {
        Model.Dispose();
        _folder.Dispose();
    }
}
