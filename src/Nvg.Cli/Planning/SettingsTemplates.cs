using System.Text;
using Nvg.Cli.Output;
using Nvg.Cli.Terminal;
using Nvg.Data.Datasets;
using Nvg.Torch.Files;
using Nvg.Training.Planning;
using Nvg.Training.Planning.Facts;

namespace Nvg.Cli.Planning;

/// <summary>Commented settings to start from, for training without a plan.</summary>
internal static class SettingsTemplates
{
    internal const int UsualSize = 64;

    // The settings suit a medium-sized collection on two cores for a night; everything can be changed.
    private const int Images = 20_000, Classes = 10;
    private const double Hours = 10, MatrixRate = 2e11;

    /// <summary>Writes the settings of all three runs and their schemas.</summary>
    /// <param name="folder">Created if it does not exist.</param>
    /// <param name="size">Side of the images.</param>
    /// <param name="overwrite">Whether existing files are replaced.</param>
    /// <returns>The files.</returns>
    /// <exception cref="UsageException">The size is not possible, or a file exists.</exception>
    internal static IReadOnlyList<string> Write(string folder, int size, bool overwrite)
    {
        TrainingPlan plan = Example(size);
        (string Stage, Func<SettingsSchema, string> Text)[] files =
        [
            (StageNames.Tokenizer, schema => CommentedSettings.Write(plan.Tokenizer with { Name = "my-tokenizer" }, schema)),
            (StageNames.Generator, schema => CommentedSettings.Write(
                plan.Generator with { Name = "my-model", Tokenizer = "runs/tokenizer/model" }, schema)),
            (StageNames.Classifier, schema => CommentedSettings.Write(plan.Classifier! with { Name = "my-classifier" }, schema)),
        ];
        string PathOf(string stage) => Path.Combine(folder, stage + ".json");
        foreach ((string stage, _) in files)
            ExistingOutput.RequireFree(PathOf(stage), overwrite);
        Directory.CreateDirectory(folder);
        foreach ((string stage, Func<SettingsSchema, string> text) in files)
        {
            var schema = SettingsSchema.Of(stage);
            schema.CopyTo(folder);
            AtomicFile.Write(PathOf(stage), Encoding.UTF8.GetBytes(text(schema)));
        }

        return [.. files.Select(file => PathOf(file.Stage))];
    }

    private static TrainingPlan Example(int size)
    {
        var request = new PlanRequest { Name = "my-model", Hours = Hours, Size = size };
        if (request.Validate().ToList() is { Count: > 0 } problems)
            throw new UsageException($"--{string.Join("; ", problems)}");
        var data = new DataFacts
        {
            Source = "images",
            Classes = [.. Enumerable.Range(0, Classes).Select(i => new DatasetClass($"{i}", Images / Classes))],
            MedianSide = size,
            SmallestSide = size,
        };
        // For large images, the example assumes a machine that can train them in its time.
        double rate = MatrixRate * Math.Max(1, Math.Pow(size / (double)UsualSize, 2));
        var machine = new MachineFacts { Device = "cpu", Threads = 2, MatrixRate = rate, MemoryBytes = 64L << 30 };
        return TrainingPlanner.Plan(request, data, machine);
    }
}
