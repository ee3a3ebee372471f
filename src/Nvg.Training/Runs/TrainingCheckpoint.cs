using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Nvg.Configuration;
using Nvg.Torch.Files;
using Nvg.Torch.Files.Safetensors;
using Nvg.Torch.Nn;
using Nvg.Torch.Optim;
using Nvg.Training.Optimization;

namespace Nvg.Training.Runs;

/// <summary>
/// Everything a run continues from, as folders <c>step-00001000</c>: weights, their average, the optimizer's moments, and
/// <c>state.json</c> with the step and a checksum per file. A folder appears whole or not at all.
/// </summary>
/// <remarks>Random numbers and the order of the data follow from seed and step, so the step number is their whole state.</remarks>
internal static class TrainingCheckpoint
{
    private const string WeightsFile = "weights.safetensors";
    private const string AverageFile = "average.safetensors";
    private const string OptimizerFile = "optimizer.safetensors";
    private const string StateFile = "state.json";
    private const string Prefix = "step-";
    private const string Aside = ".replaced-";
    private const string Damaged = "damaged-";

    /// <summary>Writes a checkpoint and removes those that <paramref name="options"/> does not keep.</summary>
    /// <param name="folder">Where checkpoints lie.</param>
    /// <param name="step">Steps done.</param>
    /// <param name="fingerprint">Of the run's settings and data.</param>
    /// <param name="weights">Saved.</param>
    /// <param name="average">Saved.</param>
    /// <param name="optimizer">Saved.</param>
    /// <param name="options">Which checkpoints are kept.</param>
    /// <param name="score">What the best is chosen by, the lower the better; null without one.</param>
    internal static void Save(
        string folder, long step, string fingerprint, ParameterStore weights, WeightAverage average, GroupedOptimizer optimizer, TrainingOptions options, double? score)
    {
        string target = Path.Combine(folder, Prefix + step.ToString("D8", CultureInfo.InvariantCulture));
        string temporary = Path.Combine(folder, $".{Path.GetFileName(target)}.{Environment.ProcessId}.tmp");
        Directory.CreateDirectory(temporary);
        try
        {
            SafetensorsFile.Write(Path.Combine(temporary, WeightsFile), weights);
            SafetensorsFile.Write(Path.Combine(temporary, AverageFile), average.Parameters);
            SafetensorsFile.Write(Path.Combine(temporary, OptimizerFile), optimizer.State);
            var hashes = new[] { WeightsFile, AverageFile, OptimizerFile }.ToDictionary(f => f, f => Hash(Path.Combine(temporary, f)));
            var state = new CheckpointState { Step = step, OptimizerStep = optimizer.StepCount, Run = fingerprint, Sha256 = hashes, Score = score };
            AtomicFile.Write(Path.Combine(temporary, StateFile), stream => JsonSerializer.Serialize(stream, state.Sealed(), NvgJson.Options));
            string aside = Path.Combine(folder, Aside + Path.GetFileName(target));
            if (Directory.Exists(target))
                Directory.Move(target, aside);
            AtomicFile.PublishFolder(temporary, target);
            if (Directory.Exists(aside))
                Directory.Delete(aside, recursive: true);
        }
        catch
        {
            if (Directory.Exists(temporary))
                Directory.Delete(temporary, recursive: true);
            throw;
        }

        Rotate(folder, options);
    }

    /// <summary>Continues from the newest checkpoint that is whole.</summary>
    /// <param name="folder">Where checkpoints lie.</param>
    /// <param name="fingerprint">Of the run's settings and data; a checkpoint of others is refused.</param>
    /// <param name="weights">Overwritten.</param>
    /// <param name="average">Overwritten.</param>
    /// <param name="optimizer">Overwritten.</param>
    /// <param name="warn">Told about every damaged checkpoint that was passed over.</param>
    /// <returns>The step, or null if there is no checkpoint.</returns>
    /// <exception cref="NvgDataException">The newest whole checkpoint belongs to other settings, or there are checkpoints and all are damaged.</exception>
    internal static long? Restore(string folder, string fingerprint, ParameterStore weights, WeightAverage average, GroupedOptimizer optimizer, Action<string> warn)
    {
        ClearLeftovers(folder);
        var damaged = new List<string>();
        foreach (string candidate in List(folder))
        {
            if (Check(candidate, out CheckpointState? state) is { } problem)
            {
                warn($"{candidate}: {problem}; falling back to the checkpoint before");
                damaged.Add(candidate);
                continue;
            }

            if (state!.Run != fingerprint)
                throw new NvgDataException($"{candidate} belongs to other settings or data: continue with the same ones, or choose another run folder");
            using SafetensorsFile storedWeights = SafetensorsFile.Open(Path.Combine(candidate, WeightsFile));
            using SafetensorsFile storedAverage = SafetensorsFile.Open(Path.Combine(candidate, AverageFile));
            using SafetensorsFile storedOptimizer = SafetensorsFile.Open(Path.Combine(candidate, OptimizerFile));
            weights.CopyFrom(storedWeights);
            average.Parameters.CopyFrom(storedAverage);
            optimizer.Restore(storedOptimizer, state.OptimizerStep);
            damaged.ForEach(SetAside);
            return state.Step;
        }

        return damaged.Count == 0
            ? null
            : throw new NvgDataException($"no checkpoint in {folder} can be read: to train from the start choose another run folder");
    }

    // The newest, those of every so many steps, and the best.
    private static void Rotate(string folder, TrainingOptions options)
    {
        string[] all = [.. List(folder)];
        HashSet<string> kept = [.. all.Take(options.KeepCheckpoints)];
        if (options.KeepEvery is { } every)
            kept.UnionWith(all.Where(c => StepOf(c) is { } step && step % every == 0));
        if (options.KeepBest is not null && all.Where(c => ScoreOf(c) is not null).MinBy(ScoreOf) is { } best)
            kept.Add(best);
        foreach (string old in all.Where(c => !kept.Contains(c)))
            Directory.Delete(old, recursive: true);
    }

    private static long? StepOf(string checkpoint) =>
        long.TryParse(Path.GetFileName(checkpoint).AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out long step) ? step : null;

    private static double? ScoreOf(string checkpoint)
    {
        try
        {
            return NvgJson.Read<CheckpointState>(Path.Combine(checkpoint, StateFile)).Score;
        }
        catch (NvgDataException)
        {
            return null;
        }
    }

    // Kept to be looked at, under a name that neither counts as a checkpoint nor is in the way of the next one.
    private static void SetAside(string checkpoint)
    {
        string aside = Path.Combine(Path.GetDirectoryName(checkpoint)!, Damaged + Path.GetFileName(checkpoint));
        if (Directory.Exists(aside))
            Directory.Delete(aside, recursive: true);
        Directory.Move(checkpoint, aside);
    }

    // A run that is killed while it writes leaves a temporary folder as large as a checkpoint; one that is killed while it
    // replaces a checkpoint leaves the old one aside, which comes back unless the new one is there.
    private static void ClearLeftovers(string folder)
    {
        if (!Directory.Exists(folder))
            return;
        foreach (string leftover in Directory.GetDirectories(folder, $".{Prefix}*.tmp"))
            Directory.Delete(leftover, recursive: true);
        foreach (string aside in Directory.GetDirectories(folder, Aside + Prefix + "*"))
        {
            string target = Path.Combine(folder, Path.GetFileName(aside)[Aside.Length..]);
            if (Directory.Exists(target))
                Directory.Delete(aside, recursive: true);
            else
                Directory.Move(aside, target);
        }
    }

    // Newest first. Leftovers of interrupted writes begin with a dot and are not among them.
    private static IEnumerable<string> List(string folder) => Directory.Exists(folder)
        ? Directory.GetDirectories(folder, Prefix + "*").OrderDescending(StringComparer.Ordinal)
        : [];

    private static string? Check(string checkpoint, out CheckpointState? state)
    {
        state = null;
        try
        {
            state = NvgJson.Read<CheckpointState>(Path.Combine(checkpoint, StateFile));
            if (!state.IsIntact)
                return $"{StateFile} is damaged";
            foreach ((string file, string expected) in state.Sha256)
            {
                if (Hash(Path.Combine(checkpoint, file)) != expected)
                    return $"{file} is damaged";
            }

            return null;
        }
        catch (Exception error) when (error is NvgDataException or IOException)
        {
            return error.Message;
        }
    }

    private static string Hash(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
