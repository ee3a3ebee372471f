using System.Text.Json;
using CsCheck;
using Nvg.Sampling.Schedules;

namespace Nvg.Tests.Properties;

public class StageScheduleProperties
{
    private static readonly Gen<double> Value = Gen.Double[-1e6, 1e6];

    private static readonly Gen<(StageSchedule Schedule, int LastStage)> Case =
        from lastStage in Gen.Int[0, 10]
        from schedule in Gen.OneOf(
            Value.Select(StageSchedule.Constant),
            Gen.Select(Value, Value).Select(ends => StageSchedule.Linear(ends.Item1, ends.Item2)),
            Gen.Select(Value, Value).Select(ends => StageSchedule.Power(ends.Item1, ends.Item2)),
            Value.Array[lastStage + 1].Select(values => StageSchedule.PerStage(values)))
        select (schedule, lastStage);

    [Fact]
    public void Json_WrittenAndRead_GivesTheSameValues() => Case.Sample(c =>
    {
        string text = JsonSerializer.Serialize(c.Schedule);
        StageSchedule read = JsonSerializer.Deserialize<StageSchedule>(text)!;
        Assert.Equal(text, JsonSerializer.Serialize(read));
        Assert.All(
            Enumerable.Range(0, c.LastStage + 1),
            stage => Assert.Equal(c.Schedule.At(stage, c.LastStage), read.At(stage, c.LastStage)));
    }, iter: 200);

    [Fact]
    public void At_LinearAndPower_StartAndEndWhereTheyShould() => Gen.Select(Value, Value, Gen.Int[1, 10]).Sample((start, end, lastStage) =>
    {
        Assert.All([StageSchedule.Linear(start, end), StageSchedule.Power(start, end)], schedule =>
        {
            double scale = 1e-12 * (1 + Math.Abs(start) + Math.Abs(end));
            Assert.Equal(start, schedule.At(0, lastStage), scale);
            Assert.Equal(end, schedule.At(lastStage, lastStage), scale);
            double[] values = [.. Enumerable.Range(0, lastStage + 1).Select(stage => schedule.At(stage, lastStage))];
            Assert.All(
                values.Zip(values.Skip(1)),
                pair => Assert.True((pair.Second - pair.First) * Math.Sign(end - start) >= -scale, "not monotone"));
        });
    }, iter: 200);
}
