using Nvg.Configuration;
using Nvg.Sampling;
using Nvg.Sampling.Schedules;
using Nvg.Torch;

namespace Nvg.Tests.Sampling;

[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public class TokenSamplingTests
{
    private const int Draws = 20_000;

    private static readonly float[] Logits = [0.3f, -1, 2, 1.2f, -0.5f, 0, 1.9f, -3];

    [Theory]
    [InlineData(1, 0, 1)]
    [InlineData(2, 0, 1)]
    [InlineData(0.7, 5, 1)]
    [InlineData(1, 0, 0.8)]
    [InlineData(1.5, 4, 0.7)]
    public void Draw_ManyTimes_FollowsTheFilteredProbabilities(double temperature, int topK, double topP)
    {
        double[] probabilities = Filtered(temperature, topK, topP);
        int[] counts = new int[8];
        foreach (long token in Draw(Uniform(Draws), temperature, topK, topP))
            counts[token]++;
        double chiSquare = 0;
        for (int v = 0; v < 8; v++)
        {
            if (probabilities[v] == 0)
                Assert.Equal(0, counts[v]);
            else
                chiSquare += Math.Pow(counts[v] - Draws * probabilities[v], 2) / (Draws * probabilities[v]);
        }

        // The 99.9 % point of seven degrees of freedom; the seed is fixed.
        Assert.True(chiSquare < 24.3, $"chi-square {chiSquare}");
    }

    [Fact]
    public void Draw_EndsOfTheUniformRange_AreTokensThatStay()
    {
        float[] ends = [0, float.Epsilon, MathF.BitDecrement(1)];
        foreach ((int topK, double topP) in new[] { (0, 1.0), (2, 1.0), (0, 0.3), (7, 0.9) })
        {
            double[] probabilities = Filtered(1, topK, topP);
            long[] tokens = Draw(ends, 1, topK, topP);
            Assert.Equal(Array.FindIndex(probabilities, p => p > 0), tokens[0]);
            Assert.Equal(Array.FindLastIndex(probabilities, p => p > 0), tokens[2]);
        }
    }

    [Fact]
    public void KeepTopK_Ties_StayWithTheKth()
    {
        using var scope = new TensorScope();
        Tensor logits = Tensor.From([1f, 3, 2, 2, 0], 1, 5);
        Assert.Equal([false, true, true, true, false], TokenSampling.KeepTopK(logits, 2).IsFinite().ToArray<bool>());
        Assert.Equal(logits.ToArray<float>(), TokenSampling.KeepTopK(logits, 0).ToArray<float>());
        Assert.Equal(logits.ToArray<float>(), TokenSampling.KeepTopK(logits, 5).ToArray<float>());
    }

    [Fact]
    public void KeepTopP_FirstThatCrosses_Stays()
    {
        using var scope = new TensorScope();
        // Probabilities 0.5, 0.3, 0.2.
        Tensor logits = Tensor.From([MathF.Log(0.2f), MathF.Log(0.5f), MathF.Log(0.3f)], 1, 3);
        Assert.Equal([false, true, false], TokenSampling.KeepTopP(logits, 0.4).IsFinite().ToArray<bool>());
        Assert.Equal([false, true, true], TokenSampling.KeepTopP(logits, 0.6).IsFinite().ToArray<bool>());
        Assert.Equal([true, true, true], TokenSampling.KeepTopP(logits, 0.9).IsFinite().ToArray<bool>());
        Assert.Equal([false, true, false], TokenSampling.KeepTopP(logits, 1e-9).IsFinite().ToArray<bool>());
    }

    [Fact]
    public void StageSchedule_Kinds_MeetTheirEndsAndTheFormula()
    {
        StageSchedule linear = StageSchedule.Linear(1, 3.5), power = StageSchedule.Power(1, 0.5);
        Assert.Equal((1, 3.5, 2.25), (linear.At(0, 8), linear.At(8, 8), linear.At(4, 8)));
        Assert.Equal((1.0, 0.5), (power.At(0, 8), power.At(8, 8)));
        Assert.Equal(0.5 + 0.5 * (8 - Math.Sqrt(8)) / 7, power.At(4, 8), 1e-12);
        Assert.Equal((1, 0.5, 1), (power.At(0, 1), power.At(1, 1), power.At(0, 0)));
        Assert.All(Enumerable.Range(0, 8), i => Assert.True(power.At(i, 8) > power.At(i + 1, 8)));
    }

    [Fact]
    public void StageSchedule_Json_ReadsBack()
    {
        StageSchedule[] schedules =
        [
            StageSchedule.Linear(1, 2), StageSchedule.Power(1, 0.5),
            StageSchedule.PerStage([1, 2, 3]), StageSchedule.Constant(2),
        ];
        foreach (StageSchedule schedule in schedules)
        {
            var options = new SamplingOptions { TopP = schedule };
            SamplingOptions read = System.Text.Json.JsonSerializer.Deserialize<SamplingOptions>(NvgJson.Write(options), NvgJson.Options)!;
            Assert.Equal(Enumerable.Range(0, 3).Select(i => schedule.At(i, 2)), Enumerable.Range(0, 3).Select(i => read.TopP.At(i, 2)));
        }

        string[] unreadable =
        [
            "\"x\"", "{}", """{"linear":[1]}""", """{"linear":[1,"a"]}""", """{"cubic":[1,2]}""",
            """{"linear":[1,2],"power":[1,2]}""", "[1]", "null",
        ];
        foreach (string bad in unreadable)
            Assert.Throws<System.Text.Json.JsonException>(() =>
                System.Text.Json.JsonSerializer.Deserialize<SamplingOptions>($$"""{"topP":{{bad}}}""", NvgJson.Options));
    }

    [Fact]
    public void FlowSchedule_Times_FallFromOneToZero()
    {
        double[] times = FlowSchedule.Times(25, 256);
        Assert.Equal((1, 0, 26), (times[0], times[^1], times.Length));
        Assert.All(Enumerable.Range(0, 25), i => Assert.True(times[i] > times[i + 1]));
        // t' = e^μ / (e^μ + 1/t − 1) with μ = 0.5 at 256 positions.
        Assert.Equal(Math.Exp(0.5) / (Math.Exp(0.5) + 25.0 / 15 - 1), times[10], 1e-12);
        Assert.Equal(0.6, FlowSchedule.Times(25, 256, shifted: false)[10], 1e-12);
        Assert.True(FlowSchedule.Times(25, 64)[10] < times[10]);
    }

    private static long[] Draw(float[] uniform, double temperature, int topK, double topP)
    {
        using var scope = new TensorScope();
        Tensor logits_BNV = Tensor.From(Logits, 1, 1, 8).Expand(1, uniform.Length, 8).Contiguous();
        return TokenSampling.Draw(logits_BNV, Tensor.From(uniform, 1, uniform.Length), temperature, topK, topP).ToArray<long>();
    }

    private static float[] Uniform(int count)
    {
        using var random = new RandomGenerator(17);
        using Tensor drawn = Tensor.Rand([count], random);
        return drawn.ToArray<float>();
    }

    // The definition in plain arithmetic: temperature, then the k largest, then the most likely up to the first that crosses p.
    private static double[] Filtered(double temperature, int topK, double topP)
    {
        int[] order = [.. Enumerable.Range(0, 8).OrderByDescending(v => Logits[v])];
        double[] weights = [.. Logits.Select(l => Math.Exp(l / temperature))];
        foreach (int removed in order.Skip(topK == 0 ? 8 : topK))
            weights[removed] = 0;
        double total = weights.Sum(), before = 0;
        foreach (int v in order)
        {
            double probability = weights[v] / total;
            if (before > topP)
                weights[v] = 0;
            before += probability;
        }

        return [.. weights.Select(w => w / weights.Sum())];
    }
}
