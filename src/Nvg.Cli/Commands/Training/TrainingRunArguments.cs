using System.CommandLine;
using Nvg.Cli.Arguments;
using Nvg.Cli.Launching;
using Nvg.Cli.Terminal;
using Nvg.Torch;
using Nvg.Training.Distributed;
using Nvg.Training.Loop;

namespace Nvg.Cli.Commands.Training;

/// <summary>The options that all training runs share, and the life cycle of a run: its folder, its processes and its end.</summary>
/// <param name="outputDescription">Description of <c>--output</c>.</param>
/// <param name="setDescription">Description of <c>--set</c>.</param>
internal sealed class TrainingRunArguments(string outputDescription, string setDescription)
{
    private readonly Option<string> _output = new("--output", "-o") { Description = outputDescription, Required = true, HelpName = "RUN" };

    private readonly Option<bool> _resume = new("--resume") { Description = "Continue the run in the folder, if there is one" };

    private readonly Option<string[]> _set = new("--set")
    {
        Description = setDescription,
        AllowMultipleArgumentsPerToken = true,
        HelpName = "key=value",
    };

    private readonly Option<int> _processes = new("--processes")
    {
        Description = "Number of training processes on this machine",
        DefaultValueFactory = _ => 1,
        HelpName = "N",
    };

    private readonly Option<Device> _device = CommonOptions.Device();
    private readonly Option<int> _threads = CommonOptions.Threads();

    /// <summary>The options, in the order of the help.</summary>
    internal Option[] Options => [_output, _resume, _set, _device, _threads, _processes];

    /// <summary>The settings given with <c>--set</c>.</summary>
    internal string[] Overrides(ParseResult parsed) => parsed.GetValue(_set) ?? [];

    /// <summary>Runs the training in one process, or launches its processes and waits for them.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="title">Description of the work in the progress line.</param>
    /// <param name="train">Trains in this process. Returns the model folder.</param>
    /// <param name="nextCommand">The command to suggest after training, from the model folder.</param>
    /// <param name="cancellation">Requests to save and end.</param>
    internal async Task<int> RunAsync(
        ParseResult parsed, string title, Func<TrainingRunProcess, string> train, Func<string, string> nextCommand,
        CancellationToken cancellation)
    {
        int count = parsed.GetValue(_processes);
        LaunchEnvironment? environment = TrainingLaunch.Environment(count);
        if (environment is null or { Rank: 0 })
            CheckFolder(parsed, reports: count == 1);
        if (count > 1)
            return await ProcessLauncher.RunAsync(TrainingLaunch.ArgumentsWithout(parsed, _processes), count, cancellation);
        Device device = TrainingLaunch.DeviceOf(parsed.GetValue(_device), environment);
        CommonOptions.Apply(device, parsed.IsGiven(_threads) ? parsed.GetValue(_threads) : TrainingLaunch.DefaultThreads(environment));
        string folder = parsed.GetRequiredValue(_output);
        return await TrainingLaunch.RunAsync(
            environment, device, parsed.GetValue(CommandRunner.Verbose),
            (processes, linked) => TrainAsync(
                folder, processes, title,
                progress => train(new TrainingRunProcess(folder, device, processes, environment?.Launcher, progress, linked)), nextCommand),
            cancellation);
    }

    private static async Task<int> TrainAsync(
        string folder, TrainingProcesses processes, string title, Func<ConsoleProgress, string> train, Func<string, string> nextCommand)
    {
        Task<string> Work(ConsoleProgress progress) => Task.Run(() => train(progress), CancellationToken.None);
        try
        {
            string model = processes.IsFirst ? await ConsoleProgress.ShowAsync(title, Work) : await Work(ConsoleProgress.Silent);
            if (processes.IsFirst)
            {
                ConsoleText.Note($"model written to {model}");
                ConsoleText.Note($"next: {nextCommand(model)}");
            }

            return CommandRunner.Done;
        }
        catch (OperationCanceledException) when (processes is { IsFirst: true, Count: 1 } && Trainer.HasCheckpoint(folder))
        {
            throw new InterruptedException($"the run is saved in {folder}; continue it with --resume");
        }
    }

    private void CheckFolder(ParseResult parsed, bool reports)
    {
        string folder = parsed.GetRequiredValue(_output);
        bool hasRun = Trainer.HasCheckpoint(folder), resumes = parsed.GetValue(_resume);
        if (!resumes && hasRun)
            throw new UsageException($"{folder} already has a run: continue it with --resume, or choose another folder");
        if (resumes && !hasRun && reports)
            ConsoleText.Note($"{folder} has no run to continue: a new run starts");
    }
}
