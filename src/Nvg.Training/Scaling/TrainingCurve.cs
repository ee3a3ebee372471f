using System.Text.Json;
using System.Text.Json.Nodes;
using Nvg.Checkpoints;
using Nvg.Configuration;
using Nvg.Generators;
using Nvg.Tokenizers;
using Nvg.Torch.Nn;
using Nvg.Training.Runs;
using Nvg.Training.Tasks.Generators;

namespace Nvg.Training.Scaling;

/// <summary>Loss, size and compute of a generator's training run.</summary>
/// <param name="Name">Name of the run folder.</param>
/// <param name="Parameters">Parameter count of both generators.</param>
/// <param name="Points">Training compute so far (floating-point operations) and mean loss, per log line.</param>
public sealed record TrainingCurve(string Name, long Parameters, IReadOnlyList<(double Compute, double Loss)> Points)
{
    /// <summary>Number of log lines in the mean of a smoothed loss and of the final loss.</summary>
    public const int Window = 10;

    // A forward pass takes one multiplication and one addition per parameter and position, and a backward pass twice as many.
    private const double OperationsPerParameter = 6;

    /// <summary>Mean loss of the last <see cref="Window"/> log lines.</summary>
    public double FinalLoss => Points.TakeLast(Window).Average(p => p.Loss);

    /// <summary>Compute at the end of the warm-up; 0 without warm-up.</summary>
    public double WarmupCompute { get; init; }

    /// <summary>
    /// Means of compute and loss over windows of <see cref="Window"/> log lines, aligned to the end and without the warm-up. An
    /// incomplete window is omitted, but a run shorter than a window has one mean of all its lines.
    /// </summary>
    public IReadOnlyList<(double Compute, double Loss)> Smoothed()
    {
        (double Compute, double Loss)[] settled = [.. Points.Where(p => p.Compute > WarmupCompute)];
        (double Compute, double Loss)[] whole = settled.Length < Window ? settled : settled[(settled.Length % Window)..];
        return [.. whole.Chunk(Window).Select(part => (part.Average(p => p.Compute), part.Average(p => p.Loss)))];
    }

    /// <summary>Reads a run.</summary>
    /// <param name="folder">
    /// A run folder written by <c>nvg train generator</c>. Unless the run is finished, its tokenizer must still exist.
    /// </param>
    /// <param name="term">The term of <c>stats.jsonl</c> to use as the loss.</param>
    /// <exception cref="NvgDataException">A file is missing or damaged.</exception>
    public static TrainingCurve Read(string folder, string term = "loss")
    {
        GeneratorRunConfig run = RunConfiguration.Read<GeneratorRunConfig>(Path.Combine(folder, "options.json"), []);
        GeneratorConfig sizes = Sizes(folder, run);
        using var generator = new NvgGenerator(sizes, ParameterSource.Meta());
        long structure = GeneratorParameters.OfStructure(generator), content = generator.Parameters.ParameterCount - structure;
        int stages = sizes.Grid.StageCount;
        double perImage = OperationsPerParameter * sizes.Grid.Length
            * ((double)content * (run.Loss.ContentStages is > 0 and var some ? some : stages)
                + (double)structure * (run.Loss.StructureStages is > 0 and var few ? few : sizes.StructureStageCount));
        string file = Path.Combine(folder, "stats.jsonl");
        double perStep = run.Training.BatchSize * perImage;
        (double, double)[] points = [.. Lines(file).Select(line => (line.Step * perStep, line.Loss))];
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(folder));
        return points.Length > 0
            ? new TrainingCurve(name, content + structure, points) { WarmupCompute = run.Training.WarmupSteps * perStep }
            : throw NvgDataException.At(file, $"has no line with '{term}'", "wait for the first log line of the run");

        IEnumerable<(double Step, double Loss)> Lines(string path)
        {
            foreach (string line in ReadLines(path))
            {
                if (Parse(line) is { } values && values["step"] is { } step && Finite(values[term]) is { } loss)
                    yield return ((double)step, loss);
            }
        }
    }

    private static double? Finite(JsonNode? node) =>
        node is JsonValue value && value.TryGetValue(out double number) && double.IsFinite(number) ? number : null;

    private static GeneratorConfig Sizes(string folder, GeneratorRunConfig run)
    {
        string finished = Path.Combine(folder, "model", "config.json");
        if (File.Exists(finished) && NvgJson.Read<ModelConfig>(finished).Generator is { } sizes)
            return sizes;
        TokenizerConfig tokenizer = NvgJson.Read<ModelConfig>(Path.Combine(run.Tokenizer, "config.json")).Tokenizer;
        return new GeneratorConfig
        {
            LatentHeight = tokenizer.Grid.Height,
            LatentWidth = tokenizer.Grid.Width,
            LatentChannels = tokenizer.LatentChannels,
            CodebookSize = tokenizer.CodebookSize,
            // The class table is too small to matter here.
            ClassCount = 1,
            Depth = run.Depth,
        };
    }

    private static string[] ReadLines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception error) when (FileFailure.IsFileError(error))
        {
            throw FileFailure.Unreadable(path, error);
        }
    }

    // The last line of a run in progress may be incomplete.
    private static JsonNode? Parse(string line)
    {
        try
        {
            return JsonNode.Parse(line);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
