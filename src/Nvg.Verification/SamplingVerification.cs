using System.Text.RegularExpressions;
using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Sampling;
using Nvg.Sampling.Schedules;
using Nvg.Torch;
using Nvg.Training.Optimization;
using Nvg.Verification.Checks;
using Nvg.Verification.Fixtures;

namespace Nvg.Verification;

/// <summary>Checks the parts of sampling that need no network: schedules, the time embedding, logit filters and splits by score.</summary>
internal static partial class SamplingVerification
{
    private static readonly Tolerance Schedule = new(1e-6, 1e-6);
    // The rates are about 1e-6, so only their relative error is meaningful.
    private static readonly Tolerance Rate = new(1e-6, 0);
    private static readonly Tolerance Sinusoid = new(0, 2e-4);

    internal static void Run(Fixture fixture)
    {
        CheckSchedules(fixture);
        CheckLearningRates(fixture);
        fixture.Check("timestep_embedding", StructureGenerator.TimeEmbedding(fixture.Input("timesteps")), Sinusoid);
        CheckFilters(fixture);
        CheckTopHalf(fixture);
        CheckChain(fixture);
    }

    private static void CheckSchedules(Fixture fixture)
    {
        foreach ((string name, GroupCollection parts) in fixture.Matching(FlowScheduleName()))
        {
            double[] times =
                FlowSchedule.Times(int.Parse(parts["steps"].Value), int.Parse(parts["length"].Value), shifted: !parts["noshift"].Success);
            fixture.Check(name, Tensor.From(times, times.Length), Schedule);
        }

        int lastStage = fixture.Integer("top_p_num") - 1;
        StageSchedule schedule = StageSchedule.Power(fixture.Number("top_p_start"), fixture.Number("top_p_end"));
        double[] shares = [.. Enumerable.Range(0, lastStage + 1).Select(i => schedule.At(i, lastStage))];
        fixture.Check("top_p_schedule", Tensor.From(shares, shares.Length), Schedule);
    }

    private static void CheckLearningRates(Fixture fixture)
    {
        double peak = fixture.Number("base_lr");
        double[] rates =
            Array.ConvertAll(fixture.Input("lr_steps").To(Device.Cpu).ToArray<long>(), step => peak * LearningRateSchedule.WarmupHoldDecay(
            step, fixture.Integer("warmup_steps"), fixture.Integer("hold_steps"), fixture.Integer("total_steps"),
            fixture.Number("start_lr") / peak, fixture.Number("final_lr") / peak));
        fixture.Check("lr_schedule", Tensor.From(rates, rates.Length), Rate);
    }

    private static void CheckFilters(Fixture fixture)
    {
        Tensor logits = fixture.Input("filter_logits");
        foreach ((string name, GroupCollection parts) in fixture.Matching(FilterName()))
        {
            Tensor kept = TokenSampling.KeepTopK(logits, parts["k"].Success ? int.Parse(parts["k"].Value) : 0);
            // Two digits, the first before the decimal point: 09 is 0.9.
            kept = TokenSampling.KeepTopP(kept, parts["p"].Success ? double.Parse(parts["p"].Value.Insert(1, ".")) : 1);
            if (!parts["probs"].Success)
            {
                fixture.Check(name, kept, Tolerance.Exact);
                continue;
            }

            Tensor probabilities = kept.Softmax(-1);
            fixture.Check(name, probabilities, Schedule);
            fixture.CheckPart($"{name} (which are zero)", fixture.Expected(name).IsEqual(0), probabilities.IsEqual(0), Tolerance.Exact);
        }
    }

    // One row per cluster; the half with higher probabilities gets bit 1.
    private static void CheckTopHalf(Fixture fixture)
    {
        Tensor scores_BNM = fixture.Input("gumbel_probs");
        long batch = scores_BNM.Size(0), clusters = scores_BNM.Size(1), size = scores_BNM.Size(2);
        long[] chosen = fixture.Input("gumbel_k").To(Device.Cpu).ToArray<long>();
        if (chosen is not [var k] || k * 2 != size)
            throw new InvalidDataException($"gumbel_k is {string.Join(", ", chosen)}: this build splits {size} positions into halves");
        Tensor labels_BL =
            Tensor.Arange(0, clusters, 1, ScalarType.Int64, fixture.Device).RepeatInterleave(size, 0).Unsqueeze(0).Repeat(batch, 1);
        Tensor children_BL = StructureSplit.ByScore(labels_BL, scores_BNM.Reshape(batch, clusters * size), (int)clusters);
        fixture.Check("gumbel_binary", children_BL.Remainder(2).Reshape(batch, clusters, size), Tolerance.Exact);
    }

    private static void CheckChain(Fixture fixture)
    {
        Tensor scores_BLK = fixture.Input("cluster_scores");
        int splits = (int)scores_BLK.Size(2);
        Tensor expected_BSL = fixture.Expected("cluster_chain");
        var chain = new List<Tensor> { Tensor.ZerosLike(expected_BSL.Select(1, 0)) };
        for (int i = 0; i < splits; i++)
        {
            Tensor channel_BL = scores_BLK.Select(2, i);
            int clusters = LatentGrid.ClusterCount(i);
            Tensor ranked_BL = i == splits - 1 ? channel_BL : StructureSplit.Scores(chain[^1], channel_BL, clusters, null);
            chain.Add(StructureSplit.ByScore(chain[^1], ranked_BL, clusters));
        }

        fixture.Check("cluster_chain", Tensor.Stack([.. chain], 1), Tolerance.Exact);
    }

    [GeneratedRegex("^schedule_(?<steps>[0-9]+)_(?<length>[0-9]+)(?<noshift>_noshift)?$")]
    private static partial Regex FlowScheduleName();

    [GeneratedRegex("^filter_(?<probs>probs_)?(topk(?<k>[0-9]+))?_?(topp(?<p>[0-9]{2,}))?$")]
    private static partial Regex FilterName();
}
