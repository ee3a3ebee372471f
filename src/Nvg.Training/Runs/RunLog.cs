using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Nvg.Imaging;
using Nvg.Torch.Files;
using Nvg.Training.Optimization;
using Nvg.Training.TensorBoard;

namespace Nvg.Training.Runs;

/// <summary>
/// The record of a run: <c>log.txt</c> for people, <c>stats.jsonl</c> with one JSON object per log line, the same values for
/// TensorBoard in <c>tensorboard/</c>, and preview images in <c>images/</c>.
/// </summary>
internal sealed class RunLog : IDisposable
{
    private const string TensorBoard = "tensorboard";
    // Runs of version 0.1 store their images in the second folder.
    private const string Images = "images", FormerImages = "pictures";

    private readonly string _folder;
    private readonly string _statistics;
    private readonly StreamWriter _text;
    private readonly Lock _lock = new();
    private EventFile? _events;
    private bool _isClosed;

    internal RunLog(string folder)
    {
        Directory.CreateDirectory(folder);
        _folder = folder;
        _statistics = Path.Combine(folder, "stats.jsonl");
        _text = new StreamWriter(Path.Combine(folder, "log.txt"), append: true) { AutoFlush = true };
    }

    /// <summary>Receives every warning, in addition to the log.</summary>
    internal Action<string>? Warned { get; init; }

    /// <summary>Path of the preview image of a step.</summary>
    internal static string ImagePath(string folder, long step)
    {
        string images = Directory.Exists(Path.Combine(folder, FormerImages)) ? FormerImages : Images;
        return Path.Combine(folder, images, $"step-{step.ToString("D8", CultureInfo.InvariantCulture)}.png");
    }

    /// <summary>Continues the record after a step. Statistics of later steps are dropped, since those steps are repeated.</summary>
    internal void ContinueFrom(long step)
    {
        _events = new EventFile(Path.Combine(_folder, TensorBoard), step, DateTimeOffset.UtcNow);
        if (!File.Exists(_statistics))
            return;
        // If the process was killed, the last line may be truncated; its step is repeated.
        List<string> kept = [.. File.ReadLines(_statistics).Where(line => StepOf(line) is { } s && s <= step)];
        AtomicFile.Write(_statistics, stream =>
        {
            using var writer = new StreamWriter(stream, leaveOpen: true);
            foreach (string line in kept)
                writer.Write(line + "\n");
        });
    }

    /// <summary>Writes a line to <c>log.txt</c>, from any thread. Does nothing once the log is closed.</summary>
    internal void Write(string message)
    {
        lock (_lock)
        {
            if (_isClosed)
                return;
            _text.WriteLine($"{DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture)} {message}");
        }
    }

    internal void Warn(string message)
    {
        Write("warning: " + message);
        Warned?.Invoke(message);
    }

    internal void WriteStatistics(TrainingProgress progress)
    {
        var line = new JsonObject
        {
            ["step"] = progress.Step,
            ["epoch"] = Math.Round(progress.Epoch, 4),
            ["learningRate"] = progress.LearningRate,
            ["imagesPerSecond"] = Math.Round(progress.ImagesPerSecond, 2),
            ["memoryMiB"] = Math.Round(progress.MemoryMiB, 1),
        };
        foreach ((string term, double mean) in progress.Terms)
            line[term] = double.IsFinite(mean) ? mean : mean.ToString(CultureInfo.InvariantCulture);
        File.AppendAllText(_statistics, line.ToJsonString() + "\n");
        _events?.AddScalars(progress.Step, Scalars(progress), DateTimeOffset.UtcNow);
    }

    /// <summary>Writes a preview image.</summary>
    internal void WriteImage(long step, RgbImage image)
    {
        ImageFile.Write(ImagePath(_folder, step), image);
        _events?.AddImage(step, "images", image, DateTimeOffset.UtcNow);
    }

    public void Dispose()
    {
        _events?.Dispose();
        lock (_lock)
        {
            _isClosed = true;
            _text.Dispose();
        }
    }

    private static IEnumerable<KeyValuePair<string, double>> Scalars(TrainingProgress progress) =>
    [
        new("run/learning_rate", progress.LearningRate),
        new("run/images_per_second", progress.ImagesPerSecond),
        new("run/memory_mib", progress.MemoryMiB),
        .. progress.Terms.Select(t => KeyValuePair.Create(ScalarName(StagedTerm.Of(t.Key), t.Key), t.Value)),
    ];

    private static string ScalarName(StagedTerm term, string key) =>
        term.Stage is { } stage ? $"{term.Name}/stage_{stage}" : $"loss/{key}";

    private static long? StepOf(string line)
    {
        try
        {
            return (long?)JsonNode.Parse(line)?["step"];
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
