using System.CommandLine;
using Nvg.Cli.Terminal;
using Nvg.Data.Datasets;
using Nvg.Training.Tasks.Classifiers;
using Nvg.Training.Tasks.Generators;
using Nvg.Training.Tasks.Tokenizers;
using Nvg.Training.Tasks.Var;

namespace Nvg.Cli.Commands.Training;

/// <summary>
/// <c>nvg train SOURCE</c>: trains a model on a collection of images; <c>nvg train tokenizer|generator|classifier</c>: trains one
/// network on a prepared data set.
/// </summary>
internal static class TrainCommand
{
    internal static Command Create()
    {
        Command command = Single();
        TrainFolderCommand.AddTo(command);
        return command;
    }

    private static Command Single() =>
        new("train", "Train a model on a collection of images, or train one of its networks with your own settings")
    {
        TrainTaskCommand<TokenizerRunConfig>.Create(
            "tokenizer", "Train the multi-granularity autoencoder",
            new TrainedTask<TokenizerRunConfig>(
                c => c.Training, c => c.Validate(),
                start => new TokenizerTraining(start.Settings, start.Data, start.Process.Device, start.Process.Processes),
                (model, data) => $"nvg evaluate tokenizer --model {model} --data {data}")),
        TrainTaskCommand<GeneratorRunConfig>.Create(
            "generator", "Train content and structure generators on a frozen tokenizer",
            new TrainedTask<GeneratorRunConfig>(
                c => c.Training, c => c.Validate(),
                start => new GeneratorTraining(
                    start.Settings, start.Data, start.Process.Device, start.Process.Folder, start.Process.Processes,
                    Encoding(start, GeneratorTraining.ImagesToEncode(start.Settings, start.Data)), start.Sequences,
                    start.Process.Cancellation),
                (model, _) => $"nvg generate --model {model} --count 16 -o samples.png",
                TakesSequences: true)),
        TrainTaskCommand<VarTokenizerRunConfig>.Create(
            "var-tokenizer", "Train VAR's multi-scale autoencoder",
            new TrainedTask<VarTokenizerRunConfig>(
                c => c.Training, c => c.Validate(),
                start => new VarTokenizerTraining(start.Settings, start.Data, start.Process.Device, start.Process.Processes),
                (model, data) => $"nvg evaluate tokenizer --model {model} --data {data}")),
        TrainTaskCommand<VarRunConfig>.Create(
            "var", "Train VAR's transformer on a frozen tokenizer",
            new TrainedTask<VarRunConfig>(
                c => c.Training, c => c.Validate(),
                start => new VarTraining(
                    start.Settings, start.Data, start.Process.Device, start.Process.Folder, start.Process.Processes,
                    Encoding(start, VarTraining.ImagesToEncode(start.Settings, start.Data)), start.Sequences,
                    start.Process.Cancellation),
                (model, _) => $"nvg generate --model {model} --count 16 -o samples.png",
                TakesSequences: true)),
        TrainTaskCommand<ClassifierRunConfig>.Create(
            "classifier", "Train a classifier, which measures generated images",
            new TrainedTask<ClassifierRunConfig>(
                c => c.Training, c => c.Validate(),
                start => new ClassifierTraining(start.Settings, Pixels(start.Data), start.Process.Device),
                (model, data) => $"nvg evaluate classifier --model {model} --data {data}")),
    };

    // Processes share the images evenly.
    private static SynchronousProgress<int> Encoding<TConfig>(TrainingStart<TConfig> start, long images)
    {
        long own = Math.Max(1, images / start.Process.Processes.Count);
        return new SynchronousProgress<int>(
            done => start.Process.Progress.Report(
                $"{done:N0} of {ConsoleText.Count(own, "image")} encoded", Math.Min(1, (double)done / own)));
    }

    private static PackedDataset Pixels(IImageDataset data) =>
        data as PackedDataset ?? throw new UsageException("a classifier is trained on pixels: prepare the data without --keep-files");
}
