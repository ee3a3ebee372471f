using Nvg.Generators.Blocks;
using Nvg.Torch;
using Nvg.Training.Distributed;
using Nvg.Training.Optimization;
using Nvg.Training.Tasks.Generators;

namespace Nvg.Training.Tests;

[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public class StageChoiceTests
{
    private const int Images = 7, Stages = 5;

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(4)]
    public void RowsOf_AllParts_AreTheSequencesOfTheBatch(int size)
    {
        using var scope = new TensorScope();
        StageChoice choice = Draw(size);
        long[][] whole = Sequences(choice, BatchShare.All(Images));
        Assert.Equal(Images * (size == 0 ? Stages : size), whole.Length);
        Assert.Null(choice.RowsOf(BatchShare.All(Images), Device.Cpu));
        var met = new List<long>();
        foreach (BatchShare part in Enumerable.Range(0, 3).Select(i => BatchShare.Of(Images, i, 3)))
        {
            DropPathRows rows = choice.RowsOf(part, Device.Cpu)!;
            long[] row = rows.Row_N.ToArray<long>();
            Assert.Equal(whole.Length, rows.Total);
            Assert.Equal(Sequences(choice, part), row.Select(r => whole[r]));
            met.AddRange(row);
        }

        Assert.Equal(Enumerable.Range(0, whole.Length).Select(r => (long)r), met.Order());
    }

    [Fact]
    public void DropPath_PartsOfABatch_LeaveOutWhatTheWholeDoes()
    {
        using var scope = new TensorScope();
        StageChoice choice = Draw(2);
        float[] whole = Dropped(14, null);
        Assert.Contains(0f, whole);
        Assert.Contains(2f, whole);
        foreach (BatchShare part in Enumerable.Range(0, 2).Select(i => BatchShare.Of(Images, i, 2)))
        {
            DropPathRows rows = choice.RowsOf(part, Device.Cpu)!;
            long[] row = rows.Row_N.ToArray<long>();
            Assert.Equal(row.Select(r => whole[r]), Dropped(row.Length, rows));
        }

        static float[] Dropped(int sequences, DropPathRows? rows)
        {
            using var random = new RandomGenerator(3);
            return new TransformerBlock.DropPath(0.5, random, rows).Apply(Tensor.Full([sequences, 1], 1)).ToArray<float>();
        }
    }

    private static StageChoice Draw(int size) =>
        StageChoice.Draw(size, Stages, [.. Enumerable.Range(0, Images).Select(i => new HostRandom((ulong)i))]);

    // Stage and image of the batch, in the order of a pass.
    private static long[][] Sequences(StageChoice choice, BatchShare share)
    {
        IReadOnlyList<Tensor?>? images = choice.ImagesOf(share, Device.Cpu);
        return [.. Enumerable.Range(0, Stages).SelectMany(stage =>
            (images?[stage]?.ToArray<long>() ?? [.. Enumerable.Range(0, share.Count).Select(i => (long)i)]).Select(
                i => (long[])[stage, share.Start + i]))];
    }
}
