using System.Text.Json.Nodes;
using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;
using Nvg.Training.Distributed;
using Nvg.Training.Loop;
using Nvg.Training.Optimization;

namespace Nvg.Testing;

/// <summary>
/// Whole runs of tiny models: to the end, until they are stopped, or in several processes, which are simulated by threads.
/// </summary>
internal static class TinyRuns
{
    /// <summary>Trains to the end, from the start or from where a run stopped.</summary>
    /// <param name="create">Creates the task, which is disposed at the end.</param>
    /// <param name="options">Steps, batch, optimizer.</param>
    /// <param name="folder">Folder of the run.</param>
    /// <param name="stopAfter">A step with a log line, after which the run is asked to stop; null for none.</param>
    /// <param name="processes">The processes that train together; null for a single process.</param>
    internal static void Train(
        Func<ITrainingTask> create, TrainingOptions options, string folder, int? stopAfter = null, TrainingProcesses? processes = null)
    {
        using ITrainingTask task = create();
        using var trainer = new Trainer(task, options, Device.Cpu, folder, processes);
        if (stopAfter is null)
        {
            trainer.Run();
            return;
        }

        using var stop = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() => trainer.Run(new SynchronousProgress<TrainingProgress>(p =>
        {
            if (p.Step == stopAfter)
                stop.Cancel();
        }), stop.Token));
    }

    /// <summary>Trains to the end with several processes.</summary>
    internal static void TrainTogether(int count, Func<TrainingProcesses, ITrainingTask> create, TrainingOptions options, string folder) =>
        Together(count, processes =>
    {
        Train(() => create(processes), options, folder, processes: processes);
        return 0;
    });

    /// <summary>Runs work in every process of a group.</summary>
    /// <returns>The results by rank.</returns>
    internal static T[] Together<T>(int count, Func<TrainingProcesses, T> work)
    {
        int port = Ranks.FreePort();
        return Ranks.Run(count, rank =>
        {
            var environment = new LaunchEnvironment("test", rank, count, rank, count, "127.0.0.1", port);
            TrainingProcesses processes = TrainingProcesses.Join(
                environment, Device.Cpu, new ProcessSettings { MeetingTimeout = TimeSpan.FromSeconds(60) }, _ => { });
            T result = work(processes);
            processes.Dispose();
            return result;
        });
    }

    /// <summary>The log lines of a run.</summary>
    internal static JsonNode[] Statistics(string folder) =>
        [.. File.ReadAllLines(Path.Combine(folder, "stats.jsonl")).Select(line => JsonNode.Parse(line)!)];

    /// <summary>Compares the weights of two runs after a step, except those with some names.</summary>
    internal static void AssertSameWeights(string expected, string actual, int step, double tolerance, Func<string, bool>? except = null)
    {
        using var scope = new TensorScope();
        using SafetensorsFile wanted = Weights(expected, step), found = Weights(actual, step);
        Assert.NotEmpty(wanted.Keys);
        foreach (string name in wanted.Keys.Where(name => except?.Invoke(name) != true))
        {
            double difference = (wanted[name] - found[name]).Abs().Max().Item();
            Assert.True(difference <= tolerance, $"{name} differs by {difference}");
        }
    }

    private static SafetensorsFile Weights(string folder, int step) =>
        SafetensorsFile.Open(Path.Combine(folder, $"checkpoints/step-{step:D8}/weights.safetensors"));
}
