using CsCheck;
using Nvg.Granularity;
using Nvg.Torch;

namespace Nvg.Tests.Properties;

public class StructureSplitProperties
{
    private static readonly Gen<(LatentGrid Grid, int Stage, int[] Labels, float[] Scores)> Case =
        from grid in Hierarchies.Grid
        from stage in Gen.Int[0, grid.LastStage - 1]
        from labels in Hierarchies.Labels(grid)
            // Few values, so that many scores are equal.
        from scores in Gen.OneOf(Gen.Float[-1, 1], Gen.Int[-1, 1].Select(i => (float)i)).Array[grid.Length]
        select (grid, stage, labels, scores);

    [Fact]
    public void ByScore_AnyScores_HalvesEveryClusterAndTheUpperHalfScoresMost() => Case.Sample(c =>
    {
        int[] parents = c.Labels[(c.Stage * c.Grid.Length)..((c.Stage + 1) * c.Grid.Length)];
        int[] children = Split(parents, c.Scores, c.Stage);
        Hierarchies.AssertBalanced([.. Stages(c.Labels, c.Grid, c.Stage), children], c.Grid);
        foreach (IGrouping<int, int> cluster in Enumerable.Range(0, c.Grid.Length).GroupBy(l => parents[l]))
        {
            // By score, and where scores are equal the lower position first.
            int[] upper = [.. cluster.OrderByDescending(l => c.Scores[l]).ThenBy(l => l).Take(cluster.Count() / 2)];
            Assert.Equal(upper.Order(), cluster.Where(l => children[l] == 2 * cluster.Key + 1));
        }
    }, iter: 100, threads: 1);

    [Fact]
    public void ByScore_NormalisedScores_SplitAsTheChannelDoes() => Case.Sample(c =>
    {
        int[] parents = c.Labels[(c.Stage * c.Grid.Length)..((c.Stage + 1) * c.Grid.Length)];
        // Above −1, so that no cluster has nothing to normalise; steps that float32's division keeps apart.
        float[] channel = Array.ConvertAll(c.Scores, s => MathF.Round(s * 8) / 10);
        Assert.Equal(Split(parents, channel, c.Stage), Split(parents, Scores(parents, channel, c.Stage), c.Stage));
    }, iter: 100, threads: 1);

    private static IEnumerable<int[]> Stages(int[] labels, LatentGrid grid, int last) =>
        Enumerable.Range(0, last + 1).Select(stage => labels[(stage * grid.Length)..((stage + 1) * grid.Length)]);

    private static int[] Split(int[] parents, float[] scores, int stage)
    {
        using var scope = new TensorScope();
        Tensor children_BL = StructureSplit.ByScore(Labels(parents), Tensor.From(scores, 1, scores.Length), LatentGrid.ClusterCount(stage));
        return Array.ConvertAll(children_BL.ToArray<long>(), label => (int)label);
    }

    private static float[] Scores(int[] parents, float[] channel, int stage)
    {
        using var scope = new TensorScope();
        Tensor channel_BL = Tensor.From(channel, 1, channel.Length);
        return StructureSplit.Scores(Labels(parents), channel_BL, LatentGrid.ClusterCount(stage), null).ToArray<float>();
    }

    private static Tensor Labels(int[] labels) => Tensor.From(Array.ConvertAll(labels, l => (long)l), 1, labels.Length);
}
