using Nvg.Training.Loop;
using Nvg.Training.Optimization;

namespace Nvg.Cli.Commands.Training;

/// <summary>What <see cref="TrainTaskCommand{TConfig}"/> needs to know about a training task.</summary>
/// <param name="OptionsOf">The training options in the config.</param>
/// <param name="Validate">Returns the problems of the config.</param>
/// <param name="Create">Creates the task.</param>
/// <param name="NextCommand">The command to run after training, from the model folder and the data set.</param>
/// <param name="TakesSequences">Whether it trains on encoded sequences, so that no images are needed if sequences are given.</param>
internal sealed record TrainedTask<TConfig>(
    Func<TConfig, TrainingOptions> OptionsOf, Func<TConfig, IEnumerable<string>> Validate, Func<TrainingStart<TConfig>,
    ITrainingTask> Create,
    Func<string, string, string> NextCommand, bool TakesSequences = false);
