using System.Text;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Distributed;
using Nvg.Training.Loop;
using Nvg.Training.Optimization;

namespace Nvg.Training.Tests.Distributed;

/// <summary>What the processes of a run agree on, with ranks that are threads here.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public sealed class TrainingProcessesTests
{
    [Fact]
    public void Gather_UnequalShares_GivesEveryoneTheWholeBatch()
    {
        float[][] all = TinyRuns.Together(3, processes =>
        {
            BatchShare share = processes.ShareOf(5);
            using Tensor own = Tensor.From(
                Enumerable.Range(share.Start, share.Count).SelectMany(i => (float[])[i, -i]).ToArray(), share.Count, 2);
            using Tensor gathered = processes.Gather(own, 5);
            return gathered.ToArray<float>();
        });
        Assert.All(all, values => Assert.Equal([0f, 0, 1, -1, 2, -2, 3, -3, 4, -4], values));
    }

    [Fact]
    public void GatherBytes_TextsOfAnyLength_ComeByRank()
    {
        string[][] all = TinyRuns.Together(3, processes => Array.ConvertAll(
            processes.GatherBytes(Encoding.UTF8.GetBytes(new string('a', 5 * processes.Rank))), Encoding.UTF8.GetString));
        Assert.All(all, texts => Assert.Equal(["", "aaaaa", "aaaaaaaaaa"], texts));
    }

    [Fact]
    public void MergeTerms_TermsOfSomeRanks_AreMeansOverTheBatch()
    {
        // Batches of 3 images, the first process with one of them: x is 6 for that, 1.5 on average for the two others.
        IReadOnlyList<KeyValuePair<string, double>>[] all = TinyRuns.Together(2, processes =>
        {
            using var log = new LossLog { Weight = processes.ShareOf(3).Weight };
            using Tensor x = Tensor.Scalar(processes.IsFirst ? 6 : 1.5), y = Tensor.Scalar(double.NaN);
            log.Add("x", x);
            if (!processes.IsFirst)
                log.Add("y", y);
            return processes.MergeTerms(log.TakeSums());
        });
        Assert.All(all, terms =>
        {
            Assert.Equal(["x", "y"], terms.Select(t => t.Key));
            Assert.Equal(3, terms[0].Value, 1e-12);
            Assert.Equal(double.NaN, terms[1].Value);
        });
    }

    [Fact]
    public void AgreeToStop_OneIsAsked_AllStopAtTheSameStep()
    {
        int[] stoppedAt = TinyRuns.Together(3, processes =>
        {
            for (int step = 0; step < 100; step++)
            {
                if (processes.AgreeToStop(processes.Rank == 1 && step >= 4))
                    return step;
            }

            return -1;
        });
        Assert.Equal([5, 5, 5], stoppedAt);
    }

    [Fact]
    public void Broadcast_TensorsOfAnyLayout_AreThoseOfTheFirst()
    {
        float[][] all = TinyRuns.Together(2, processes =>
        {
            using Tensor plain = Tensor.Full([2, 3], processes.Rank), turned = plain.Transpose(0, 1);
            turned.AddInPlace(1);
            processes.Broadcast([turned]);
            Assert.Equal(40 + 0, processes.Broadcast(40 + processes.Rank));
            return plain.ToArray<float>();
        });
        Assert.All(all, values => Assert.Equal([1f, 1, 1, 1, 1, 1], values));
    }

    [Fact]
    public void Explain_OneFails_TheOthersSayWho()
    {
        string?[] reasons = TinyRuns.Together(3, processes => processes.Rank == 1
            ? processes.Explain(new NvgDataException("the data set is gone"))
            : processes.Explain(new TorchException("connection closed by peer")));
        Assert.Equal("the data set is gone", reasons[1]);
        Assert.Equal("rank 0: rank 1 ended with: the data set is gone", reasons[0]);
        Assert.Equal("rank 2: rank 1 ended with: the data set is gone", reasons[2]);
    }

    [Fact]
    public void Explain_AllFailAlike_TheFirstSaysIt()
    {
        string?[] reasons = TinyRuns.Together(3, processes => processes.Explain(new NvgDataException("no such folder")));
        Assert.Equal("no such folder", reasons[0]);
        Assert.All(reasons[1..], r => Assert.Null(r));
    }

    [Fact]
    public void Trainer_AnotherProcessEndsWithAnError_WritesItToTheLog()
    {
        using var folder = new TemporaryFolder();
        int port = Ranks.FreePort();
        Ranks.Run(2, rank =>
        {
            using var told = new ManualResetEventSlim();
            var environment = new LaunchEnvironment("test", rank, 2, rank, 2, "127.0.0.1", port);
            TrainingProcesses processes = TrainingProcesses.Join(
                environment, Device.Cpu, new ProcessSettings { LostAfter = TimeSpan.FromSeconds(6) }, _ => told.Set());
            using var task = new NoTask();
            task.Parameters.Add("weight", Tensor.Full([2, 2], 1));
            using var trainer = new Trainer(
                task, new TrainingOptions { Steps = 1, BatchSize = 2, LearningRate = 0.1 }, Device.Cpu, folder["run"], processes);
            processes.Barrier();
            if (rank == 1)
                processes.Explain(TrainingDivergedException.At("latent", 7));
            // Rank 0 would wait in a collective by now.
            Assert.True(told.Wait(TimeSpan.FromSeconds(60)));
            processes.Explain(new TorchException("connection closed by peer"));
            return 0;
        });
        string line = Assert.Single(File.ReadAllLines(folder["run/log.txt"]));
        Assert.Contains("rank 0: rank 1 ended with: latent is no longer finite at step 7", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Explain_SameErrorAgain_SaysTheSame()
    {
        string?[] reasons = TinyRuns.Together(2, processes =>
        {
            var error = new NvgDataException($"error of {processes.Rank}");
            string? first = processes.Explain(error);
            Assert.Equal(first, processes.Explain(error));
            return first;
        });
        Assert.Equal(("error of 0", "error of 1"), (reasons[0], reasons[1]));
    }

    [Fact]
    public void Join_OthersDoNotCome_SaysHowMany()
    {
        var alone = new LaunchEnvironment("test", 0, 2, 0, 2, "127.0.0.1", Ranks.FreePort());
        var error = Assert.Throws<ProcessFailedException>(
            () => TrainingProcesses.Join(alone, Device.Cpu, new ProcessSettings { MeetingTimeout = TimeSpan.FromSeconds(1) }, _ => { }));
        Assert.StartsWith("rank 0: 1 of 2 processes reached 127.0.0.1:", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "waiting at 127.0.0.1:{0} (test) for 1 of 2 processes")]
    [InlineData(1, "waiting for rank 0 at 127.0.0.1:{0} (test)")]
    public void Join_OthersDoNotCome_SaysForWhomItWaitsAndCanBeCancelled(int rank, string expected)
    {
        int port = Ranks.FreePort();
        using var stop = new CancellationTokenSource();
        var said = new List<string>();
        var settings = new ProcessSettings { AnnounceWaitAfter = TimeSpan.Zero };
        Assert.ThrowsAny<OperationCanceledException>(() => TrainingProcesses.Join(
            new LaunchEnvironment("test", rank, 2, rank, 2, "127.0.0.1", port), Device.Cpu, settings, _ => { }, Say, stop.Token));
        // Once, and not again at every look.
        Assert.Equal([string.Format(null, expected, port)], said);

        void Say(string line)
        {
            said.Add(line);
            stop.CancelAfter(TimeSpan.FromMilliseconds(200));
        }
    }

    [Fact]
    public void Trainer_MoreProcessesThanImages_IsRefused()
    {
        string[] messages = TinyRuns.Together(2, processes =>
        {
            using var task = new NoTask();
            var options = new TrainingOptions { Steps = 1, BatchSize = 1, LearningRate = 0.1 };
            return Assert.Throws<NvgDataException>(() => new Trainer(task, options, Device.Cpu, "nowhere", processes)).Message;
        });
        Assert.All(messages, m => Assert.Contains("training.batchSize is 1", m, StringComparison.Ordinal));
    }

    private sealed class NoTask : ITrainingTask
    {
        public ParameterStore Parameters { get; } = new();

        public int ExampleCount => 1;

        public string Fingerprint => "";

        public Tensor Loss(long step, IReadOnlyList<int> examples, BatchShare share, RandomGenerator random, LossLog log) =>
            throw new NotSupportedException();

        public void Export(string folder, IReadOnlyDictionary<string, Tensor> parameters) => throw new NotSupportedException();

        public void Dispose() => Parameters.Dispose();
    }
}
