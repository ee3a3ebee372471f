using Nvg.Generators;
using Nvg.Granularity;

namespace Nvg.Verification.Fixtures;

/// <summary>Reads the constructor arguments of the published generators from a fixture's metadata.</summary>
internal static class FixtureGenerator
{
    /// <summary>The sizes of the two generators.</summary>
    /// <exception cref="InvalidDataException">This build does not support the generator.</exception>
    internal static GeneratorConfig Config(Fixture fixture)
    {
        fixture.Require("drop_path", "False");
        fixture.Require("disable_vec_head", "True");
        IReadOnlyList<int> clusters = fixture.Integers("num_tokens");
        LatentGrid grid = FixtureGrid.Square(clusters.Count > 0 ? clusters[^1] : 0);
        if (!clusters.SequenceEqual(Enumerable.Range(0, grid.StageCount).Select(LatentGrid.ClusterCount)))
            throw new InvalidDataException($"metadata 'num_tokens' {fixture.Text("num_tokens")} do not match the cluster counts of stages");
        return new GeneratorConfig
        {
            LatentHeight = grid.Height,
            LatentWidth = grid.Width,
            LatentChannels = fixture.Integer("img_input_channel"),
            CodebookSize = fixture.Integer("vocab_size"),
            ClassCount = fixture.Integer("num_classes"),
            Depth = fixture.Integer("depth"),
            HeadSize = fixture.Integer("head_dim"),
            MlpRatio = fixture.Integer("mlp_ratio"),
            StructureWidthDivisor = fixture.Integer("structure_down_factor"),
        };
    }
}
