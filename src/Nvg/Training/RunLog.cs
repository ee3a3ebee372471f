using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Nvg.Training;

/// <summary>The written record of a run: <c>log.txt</c> for people, <c>stats.jsonl</c> for machines, one line per log step.</summary>
internal sealed class RunLog : IDisposable
{
    private readonly string _statistics;
    private readonly StreamWriter _text;

    internal RunLog(string folder)
    {
        Directory.CreateDirectory(folder);
        _statistics = Path.Combine(folder, "stats.jsonl");
        _text = new StreamWriter(Path.Combine(folder, "log.txt"), append: true) { AutoFlush = true };
    }

    /// <summary>Drops statistics of steps after <paramref name="step"/>, which will be taken again.</summary>
    internal void ContinueFrom(long step)
    {
        if (!File.Exists(_statistics))
            return;
        // The last line may be cut off by a kill; it is of a later step then, or is taken again.
        List<string> kept = [.. File.ReadLines(_statistics).Where(line => StepOf(line) is { } s && s <= step)];
        Torch.AtomicFile.Write(_statistics, stream =>
        {
            using var writer = new StreamWriter(stream, leaveOpen: true);
            foreach (string line in kept)
                writer.Write(line + "\n");
        });
    }

    internal void Write(string message) =>
        _text.WriteLine($"{DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture)} {message}");

    internal void Warn(string message) => Write("warning: " + message);

    internal void WriteStatistics(TrainingProgress progress)
    {
        var line = new JsonObject
        {
            ["step"] = progress.Step,
            ["epoch"] = Math.Round(progress.Epoch, 4),
            ["learningRate"] = progress.LearningRate,
            ["imagesPerSecond"] = Math.Round(progress.ImagesPerSecond, 2),
        };
        foreach ((string term, double mean) in progress.Terms)
            line[term] = double.IsFinite(mean) ? mean : mean.ToString(CultureInfo.InvariantCulture);
        File.AppendAllText(_statistics, line.ToJsonString() + "\n");
    }

    public void Dispose() => _text.Dispose();

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
