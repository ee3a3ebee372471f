using Nvg.Checkpoints;
using Nvg.Sampling;

namespace Nvg.Testing;

/// <summary>Whole models with random weights.</summary>
internal static class TinyModels
{
    internal static NvgModel Random()
    {
        var model = NvgModel.Random(new ModelConfig
        {
            Name = "tiny",
            Tokenizer = Tiny.TokenizerSizes,
            Generator = Tiny.GeneratorSizes,
            Sampling = new SamplingOptions { StructureSteps = 2 },
        }, seed: 3);
        // An untrained codebook would leave every image grey.
        model.Tokenizer.Quantizer.Codebook.MultiplyInPlace(16);
        return model;
    }
}
