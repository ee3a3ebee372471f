using Nvg.Classifiers;
using Nvg.Data.Datasets;
using Nvg.Torch;
using Nvg.Training.Planning;
using Nvg.Training.Planning.Execution;

namespace Nvg.Training.Tests.Planning;

public sealed class PlanExecutionTests : IDisposable
{
    private const int PerClass = 6;
    private const string Run = "run";

    private readonly TemporaryFolder _folder = new();
    private readonly TrainingPlan _plan = TinyPlan.Create("tiny", "images", PerClass);
    private readonly PackedDataset _data;

    public PlanExecutionTests()
    {
        Tiny.Prepare(_folder["images"], _folder["data"], TinyPlan.Size, PerClass);
        _data = PackedDataset.Open(_folder["data"]);
        Directory.CreateDirectory(_folder[Run]);
    }

    public void Dispose()
    {
        _data.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Run_TinyPlan_TrainsAllNetworksAndKeepsTheTimeOfEach()
    {
        RunState state = Execute(CancellationToken.None);
        Assert.All(
            [StageNames.Tokenizer, StageNames.Classifier, StageNames.Generator], name => Assert.True(state.Stage(name).IsDone, name));
        Assert.True(state.Stages.Values.Sum(stage => stage.Seconds) <= state.Seconds);
        using NvgModel model = NvgModel.Load(PlanExecution.ModelFolder(_folder[Run], StageNames.Generator));
        using ClassifierModel classifier = ClassifierModel.Load(PlanExecution.ModelFolder(_folder[Run], StageNames.Classifier));
        Assert.Equal(["stripes", "waves"], model.Labels);
    }

    [Fact]
    public void Run_TimeThatIsOver_CutsStagesToTheShortestLengthThatDecays()
    {
        RunState state = Execute(CancellationToken.None);
        // The first log line is step 1; at the second the length is chosen: the decay begins right after it.
        Assert.All([StageNames.Tokenizer, StageNames.Classifier, StageNames.Generator], name =>
            Assert.InRange(state.Stage(name).Steps, 4, 11));
    }

    [Fact]
    public void Run_StoppedInTheSecondStage_ContinuesThereAndAddsTheTimes()
    {
        using var stop = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() => Execute(stop.Token, progress =>
        {
            if (progress is { Stage: StageNames.Classifier, Training.Step: 3 })
                stop.Cancel();
        }));
        RunState stopped = RunState.Read(_folder[Run]);
        Assert.True(stopped.Stage(StageNames.Tokenizer).IsDone);
        Assert.False(stopped.Stage(StageNames.Classifier).IsDone);
        string weights = Path.Combine(PlanExecution.ModelFolder(_folder[Run], StageNames.Tokenizer), "tokenizer.safetensors");
        DateTime written = File.GetLastWriteTimeUtc(weights);
        var seen = new List<(string Stage, long? Step)>();
        RunState done = Execute(CancellationToken.None, progress => seen.Add((progress.Stage, progress.Training?.Step)));
        Assert.DoesNotContain(seen, one => one.Stage == StageNames.Tokenizer);
        Assert.Equal(4, seen.First(one => one.Step is not null).Step);
        Assert.Equal(written, File.GetLastWriteTimeUtc(weights));
        Assert.True(done.Seconds > stopped.Seconds);
        Assert.True(done.Stage(StageNames.Generator).IsDone);
    }

    private RunState Execute(CancellationToken cancellation, Action<PlannedStageProgress>? listener = null)
    {
        var clock = new RunClock(_folder[Run]);
        var execution = new PlanExecution(_plan, _folder[Run], Device.Cpu, clock)
        {
            Progress = new SynchronousProgress<PlannedStageProgress>(progress => listener?.Invoke(progress)),
        };
        execution.Run(_data, cancellation);
        return RunState.Read(_folder[Run]);
    }
}
