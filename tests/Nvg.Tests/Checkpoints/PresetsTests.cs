using System.Text.Json;
using Nvg.Checkpoints;
using Nvg.Generators;
using Nvg.Sampling;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tests.Checkpoints;

[Collection(RunsAlone.Name), NoTensorLeaks]
public class PresetsTests
{
    [Fact]
    public void All_Settings_AreValid() => Assert.All(Presets.All, preset => Assert.Empty(preset.Validate()));

    [Theory]
    [InlineData("nvg-d12", 108, 27)]
    [InlineData("nvg-d16", 255, 64)]
    [InlineData("nvg-d20", 497, 125)]
    [InlineData("nvg-d24", 856, 215)]
    public void Generator_ParameterCounts_AreTheMillionsTheyAreKnownBy(string name, double content, double structure)
    {
        using var generator = new NvgGenerator(Presets.Find(name, out _)!.Generator!, ParameterSource.Meta());
        ILookup<bool, long> counts = generator.Parameters.TrainableNames.ToLookup(
            parameter => parameter.StartsWith(
                "structure_", StringComparison.Ordinal), parameter => generator.Parameters[parameter].ElementCount);
        Assert.Equal((content, structure), (Math.Round(counts[false].Sum() / 1e6), Math.Round(counts[true].Sum() / 1e6)));
    }

    [Theory]
    [InlineData("nvg-d17", "did you mean nvg-d12 or nvg-d16 or nvg-d20?")]
    [InlineData("d24", "did you mean nvg-d24?")]
    [InlineData("large diffusion", "there are vq-f16-d32, nvg-d12, nvg-d16, nvg-d20, nvg-d24")]
    public void Find_Unknown_Explains(string name, string expected)
    {
        Assert.Null(Presets.Find(name, out string? problem));
        Assert.Contains(expected, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Find_OtherCase_IsFound()
    {
        Assert.Same(Presets.NvgD20, Presets.Find("NVG-d20", out string? problem));
        Assert.Null(problem);
    }

    [Fact]
    public void Generator_Shapes_AreThoseOfThePublishedCodeAtItsDepth()
    {
        PublishedShapes published = PublishedShapes.Generator;
        int depth = (int)published.Sizes["depth"]!;
        Dictionary<string, long[]> shallow = published.Shapes.Where(
            p => !p.Key.StartsWith("projector.", StringComparison.Ordinal)).ToDictionary();
        foreach (GeneratorConfig config in Presets.All.Select(preset => preset.Generator).OfType<GeneratorConfig>())
        {
            using var generator = new NvgGenerator(config, ParameterSource.Meta());
            var expected = new Dictionary<string, long[]>();
            foreach ((string name, long[] shape) in shallow)
            {
                // All blocks of a model are alike.
                bool first = name.Contains("_blocks.0.", StringComparison.Ordinal);
                if (!first && name.Contains("_blocks.", StringComparison.Ordinal))
                    continue;
                for (int block = 0; block < (first ? config.Depth : 1); block++)
                    expected.Add(name.Replace("_blocks.0.", $"_blocks.{block}.", StringComparison.Ordinal), AtDepth(
                        name, shape, depth, config.Depth));
            }

            AssertShapes(expected, generator.Parameters);
        }
    }

    [Fact]
    public void Tokenizer_Shapes_AreThoseOfThePublishedCodeAtItsWidth()
    {
        PublishedShapes autoencoder = PublishedShapes.Autoencoder;
        // Where the published shapes have other levels, the preset is compared at these.
        int width = (int)autoencoder.Sizes["base_ch"]!;
        TokenizerConfig config =
            Presets.VqF16D32.Tokenizer with { ImageSize = 256, ChannelMultipliers = autoencoder.Sizes["ch_mult"].Deserialize<int[]>()! };
        using var tokenizer = new Tokenizer(config, ParameterSource.Meta());
        var expected = autoencoder.Shapes.ToDictionary(p => p.Key, p => AtBaseWidth(p.Key, p.Value, width));
        foreach ((string name, long[] shape) in PublishedShapes.Quantizer.Shapes)
            expected.Add("quantize." + name, name == "embedding.weight" ? [4096, shape[1]] : shape);
        AssertShapes(expected, tokenizer.Parameters);
    }

    [Fact]
    public void Random_Weights_AreTheSameInBothTypesUpToRounding()
    {
        var config = new ModelConfig { Name = "tiny", Tokenizer = Tiny.TokenizerSizes, Generator = Tiny.GeneratorSizes };
        double[] factors = [.. Enumerable.Range(1, Tiny.GeneratorSizes.Grid.StageCount + 1).Select(i => i / 4.0)];
        using NvgModel full = NvgModel.Random(config, seed: 3, scaleFactors: factors), half = NvgModel.Random(
            config, seed: 3, type: ScalarType.BFloat16, scaleFactors: factors);
        using NvgModel other = NvgModel.Random(config, seed: 4);
        foreach ((string name, Tensor value) in full.Generator.Parameters)
        {
            Tensor rounded = half.Generator.Parameters[name];
            if (full.Generator.Parameters.IsBuffer(name))
                continue;
            Assert.Equal(value.Rank < 2 ? ScalarType.Float32 : ScalarType.BFloat16, rounded.ScalarType);
            using Tensor cast = value.To(rounded.ScalarType), same = cast.To(ScalarType.Float32), seen = rounded.To(ScalarType.Float32);
            Assert.Equal(same.ToArray<float>(), seen.ToArray<float>());
        }

        Assert.All(half.Tokenizer.Parameters, entry => Assert.Equal(
            entry.Key.StartsWith(
                "decoder.", StringComparison.Ordinal) && entry.Value.Rank > 1 ? ScalarType.BFloat16 : ScalarType.Float32,
                entry.Value.ScalarType));
        Assert.Equal(factors.Select(f => (float)f), half.Generator.Content.ScaleFactors.ToArray<float>());
        Assert.NotEqual(full.Tokenizer.Quantizer.Codebook.ToArray<float>(), other.Tokenizer.Quantizer.Codebook.ToArray<float>());
        Assert.Throws<ArgumentException>(() => NvgModel.Random(config, scaleFactors: Presets.ScaleFactors));
        Assert.Throws<InvalidOperationException>(full.Fingerprint);
    }

    [Fact]
    public void Random_Model_Generates()
    {
        var config = new ModelConfig { Name = "tiny", Tokenizer = Tiny.TokenizerSizes, Generator = Tiny.GeneratorSizes };
        using NvgModel model = NvgModel.Random(config, type: ScalarType.BFloat16);
        using SampledBatch sampled = model.Sample([new ImageRequest(0, 5), new ImageRequest(2, 6)]);
        using Tensor images = model.Tokenizer.Decode(sampled.Canvas_BLC);
        Assert.All(images.ToArray<float>(), value => Assert.InRange(value, -1, 1));
    }

    private static void AssertShapes(Dictionary<string, long[]> expected, ParameterStore parameters)
    {
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), parameters.Keys.Order(StringComparer.Ordinal));
        Assert.All(expected, pair => Assert.Equal(pair.Value, parameters[pair.Key].Shape.ToArray()));
    }

    // What is as wide as the generators grows with the depth; the published shapes are those of fewer codes and classes.
    private static long[] AtDepth(string name, long[] shape, int publishedDepth, int depth)
    {
        if (name is "content_start_embed" or "scale_factors" or "rope_ids" || name.EndsWith("_norm.scale", StringComparison.Ordinal))
            return shape;
        if (name.StartsWith("cls_head", StringComparison.Ordinal))
            return [4096, .. shape[1..]];
        if (name == "structure_time_embed.in_layer.weight")
            return [32 * depth, 64];
        (int from, int to) = name.StartsWith("structure_", StringComparison.Ordinal) ? (32 * publishedDepth, 32 * depth) : (
            64 * publishedDepth, 64 * depth);
        long[] scaled = Array.ConvertAll(shape, size => size % from == 0 ? size / from * to : size);
        return name.EndsWith("_class_embed.weight", StringComparison.Ordinal) ? [1001, scaled[1]] : scaled;
    }

    // All channels grow with the base width but those of the latent, which are as many in both.
    private static long[] AtBaseWidth(string name, long[] shape, int width)
    {
        long[] scaled = [.. shape.Select((size, axis) => axis < 2 && size % width == 0 ? size / width * 128 : size)];
        if (name.StartsWith("encoder.conv_out", StringComparison.Ordinal))
            scaled[0] = 32;
        if (name == "decoder.conv_in.conv.weight")
            scaled[1] = 32;
        return scaled;
    }
}
