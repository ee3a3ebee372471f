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

/// <summary>What a generator's training run says of loss, size and compute.</summary>
/// <param name="Name">The run's folder.</param>
/// <param name="Parameters">Learned numbers of both generators.</param>
/// <param name="Points">Training compute so far in floating-point operations and mean loss, at the run's log lines.</param>
public sealed record TrainingCurve(string Name, long Parameters, IReadOnlyList<(double Compute, double Loss)> Points)
{
    /// <summary>Log lines that a smoothed loss, and the one at the end, is the mean of: single ones scatter.</summary>
    public const int Window = 10;

    // A forward pass multiplies and adds once per parameter and position, a backward pass twice as often.
    private const double OperationsPerParameter = 6;

    /// <summary>Mean loss of the last log lines.</summary>
    public double FinalLoss => Points.TakeLast(Window).Average(p => p.Loss);

    /// <summary>Compute after which the learning rate no longer rises; 0 without warm-up.</summary>
    public double WarmupCompute { get; init; }

    /// <summary>
    /// Means of compute and loss over <see cref="Window"/> log lines each, counted from the end, without those of the
    /// warm-up; what fills no window is left out, but a shorter run has one mean of all. Empty while the run warms up.
    /// </summary>
    public IReadOnlyList<(double Compute, double Loss)> Smoothed()
    {
        (double Compute, double Loss)[] settled = [.. Points.Where(p => p.Compute > WarmupCompute)];
        (double Compute, double Loss)[] whole = settled.Length < Window ? settled : settled[(settled.Length % Window)..];
        return [.. whole.Chunk(Window).Select(part => (part.Average(p => p.Compute), part.Average(p => p.Loss)))];
    }

    /// <summary>Reads a run.</summary>
    /// <param name="folder">A folder that <c>nvg train generator</c> wrote; the tokenizer it names must still be there unless the run is finished.</param>
    /// <param name="term">Which figure of <c>stats.jsonl</c> counts as the loss.</param>
    /// <exception cref="NvgDataException">Something is missing or broken.</exception>
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
        return points.Length > 0
            ? new TrainingCurve(Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)), content + structure, points) { WarmupCompute = run.Training.WarmupSteps * perStep }
            : throw NvgDataException.At(file, $"has no line with '{term}'", "let the run reach its first log line");

        IEnumerable<(double Step, double Loss)> Lines(string path)
        {
            foreach (string line in ReadLines(path))
            {
                if (Parse(line) is { } values && values["step"] is { } step && values[term] is JsonValue value && value.TryGetValue(out double loss) && double.IsFinite(loss))
                    yield return ((double)step, loss);
            }
        }
    }

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
            // Classes are a few rows of a table: their number does not show.
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
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new NvgDataException($"{path} cannot be read: {error.Message}", error);
        }
    }

    // The last line of a run that still goes on may be cut off.
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
