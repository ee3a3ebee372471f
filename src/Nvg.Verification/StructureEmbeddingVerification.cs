using Nvg.Generators.Blocks;
using Nvg.Granularity;
using Nvg.Torch;
using Nvg.Verification.Checks;
using Nvg.Verification.Fixtures;

namespace Nvg.Verification;

/// <summary>Checks the embedding of structure maps, its inverse, and the rotary tables of both generators.</summary>
internal static class StructureEmbeddingVerification
{
    private static readonly Tolerance Turns = new(1e-5, 1e-5);
    private static readonly Operator ViewAsRealOp = new("aten::view_as_real");

    internal static void Run(Fixture fixture)
    {
        Tensor labels_BSL = fixture.Input("labels");
        LatentGrid grid = FixtureGrid.Square(labels_BSL.Size(2));
        CheckEmbeddings(fixture, grid, labels_BSL);

        var rotary = new RotaryEmbedding(grid, fixture.Integer("head_dim"));
        long[] sizes = [.. rotary.AxisSizes.Select(s => (long)s)];
        long[] expectedSizes = [.. fixture.Integers("axes_dim").Select(s => (long)s)];
        fixture.CheckPart("metadata axes_dim", Tensor.From(expectedSizes, expectedSizes.Length), Tensor.From(sizes, sizes.Length),
            Tolerance.Exact);
        fixture.Check("rope_ids", rotary.PositionIds(), Tolerance.Exact);
        CheckTables(fixture, "rope_content_stage", rotary, labels_BSL, RotaryEmbedding.TokenType.Latent);
        CheckTables(fixture, "rope_structure_stage", rotary, labels_BSL, RotaryEmbedding.TokenType.CanvasCondition,
            RotaryEmbedding.TokenType.Latent);
        fixture.NotCovered("scale_factors", "a buffer that generators load with their parameters and never compute");
    }

    private static void CheckEmbeddings(Fixture fixture, LatentGrid grid, Tensor labels_BSL)
    {
        using var scope = new TensorScope();
        Tensor all_BSLK = StructureEmbedding.EmbedAll(labels_BSL.Select(1, grid.LastStage), grid.LastStage);
        for (int i = 0; i < grid.StageCount; i++)
        {
            string name = $"embedding_stage{i}";
            Tensor labels_BL = labels_BSL.Select(1, i);
            fixture.Check(name, StructureEmbedding.Embed(labels_BL, i, grid.LastStage), Tolerance.Exact);
            fixture.CheckPart($"{name} (of all stages at once)", fixture.Expected(name), all_BSLK.Select(1, i), Tolerance.Exact);
            fixture.CheckPart($"labels[:, {i}] (back from {name})", labels_BL, StructureEmbedding.Labels(fixture.Expected(name), i),
                Tolerance.Exact);
        }
    }

    private static void CheckTables(Fixture fixture, string prefix, RotaryEmbedding rotary, Tensor labels_BSL,
        params ReadOnlySpan<RotaryEmbedding.TokenType> blocks)
    {
        foreach (int stage in fixture.Numbered(prefix))
        {
            using var scope = new TensorScope();
            string name = $"{prefix}{stage}";
            Tensor labels_NL = labels_BSL.Narrow(0, 0, fixture.Expected(name).Size(0)).Select(1, stage);
            int lastStage = (int)labels_BSL.Size(1) - 1;
            Tensor table = rotary.Table(StructureEmbedding.Embed(labels_NL, stage, lastStage), blocks);
            fixture.Check(name, Matrices(table), Turns);
        }
    }

    // A unit complex number c + si rotates a pair like the matrix [[c, −s], [s, c]].
    private static Tensor Matrices(Tensor table)
    {
        using var scope = new TensorScope();
        Tensor parts = ViewAsRealOp.Call(table);
        Tensor cosine = parts.Select(-1, 0), sine = parts.Select(-1, 1);
        Tensor rows = Tensor.Stack([Tensor.Stack([cosine, -sine], -1), Tensor.Stack([sine, cosine], -1)], -2);
        return scope.Keep(rows);
    }
}
