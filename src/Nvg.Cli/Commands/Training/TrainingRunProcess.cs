using Nvg.Cli.Launching;
using Nvg.Cli.Terminal;
using Nvg.Torch;
using Nvg.Training.Distributed;
using Nvg.Training.Loop;
using Nvg.Training.Optimization;
using Nvg.Training.Runs;

namespace Nvg.Cli.Commands.Training;

/// <summary>One process of a training run.</summary>
/// <param name="Folder">Folder of the run.</param>
/// <param name="Device">Device of this process.</param>
/// <param name="Processes">The processes of the run.</param>
/// <param name="Launcher">Name of the launcher, or null.</param>
/// <param name="Progress">Shows progress.</param>
/// <param name="Cancellation">Requests to save and end.</param>
internal sealed record TrainingRunProcess(
    string Folder, Device Device, TrainingProcesses Processes, string? Launcher, ConsoleProgress Progress, CancellationToken Cancellation)
{
    /// <summary>Locks the folder against other runs until the lock is disposed; null in all processes but the first.</summary>
    internal RunLock? Lock() => Processes.IsFirst ? RunLock.Take(Folder) : null;

    /// <summary>Prints a line, in the first process.</summary>
    internal void Note(string line)
    {
        if (Processes.IsFirst)
            ConsoleText.Note(line);
    }

    /// <summary>Trains to the last step, or from the newest checkpoint. Returns the model folder.</summary>
    /// <param name="task">The task to train; borrowed.</param>
    /// <param name="settings">The settings, kept in the folder of the run.</param>
    /// <param name="options">The training options among them.</param>
    /// <param name="unit">Unit that is counted per second.</param>
    /// <param name="shows">Whether a term of the loss is shown.</param>
    internal string Train<TSettings>(
        ITrainingTask task, TSettings settings, TrainingOptions options, string unit, Func<string, bool> shows)
    {
        using var trainer = new Trainer(task, options, Device, Folder, Processes)
        {
            Accepted = () =>
            {
                if (!Processes.IsFirst)
                    return;
                RunConfiguration.Write(Path.Combine(Folder, "options.json"), settings);
                RunEnvironment.Write(Folder, Device, Processes, Launcher);
            },
            Warned = message => ConsoleText.Note($"warning: {message}"),
        };
        trainer.Run(
            new SynchronousProgress<TrainingProgress>(
                p => Progress.Report(Describe(p, options, unit, shows), (double)p.Step / p.Steps)),
            Cancellation);
        return trainer.ModelFolder;
    }

    private static string Describe(TrainingProgress p, TrainingOptions options, string unit, Func<string, bool> shows)
    {
        string terms = string.Join(" ", p.Terms.Where(t => shows(t.Key)).Select(t => $"{t.Key} {t.Value:F4}"));
        return $"step {p.Step}/{p.Steps}, {p.RemainingText(options.BatchSize)} left, {terms}, {p.ImagesPerSecond:F0} {unit}/s, "
            + $"{p.MemoryMiB:F0} MiB";
    }
}
