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
/// Checkpoints of a run, as folders <c>step-00001000</c>: weights, their average, the optimizer's moments, and <c>state.json</c>
/// with the step and a checksum per file. Folders are created atomically.
/// </summary>
/// <remarks>Random numbers and data order depend only on seed and step, so the step number is their whole state.</remarks>
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
    /// <param name="folder">Folder of the checkpoints.</param>
    /// <param name="step">Completed steps.</param>
    /// <param name="fingerprint">Identity of the run (<see cref="RunIdentity"/>).</param>
    /// <param name="weights">Saved.</param>
    /// <param name="average">Saved.</param>
    /// <param name="optimizer">Saved.</param>
    /// <param name="options">Determines which checkpoints are kept.</param>
    /// <param name="score">Selects the best checkpoint, lower is better; null without one.</param>
    internal static void Save(
        string folder,
        long step,
        string fingerprint,
        ParameterStore weights,
        WeightAverage average,
        GroupedOptimizer optimizer,
        TrainingOptions options,
        double? score)
    {
        string target = Path.Combine(folder, Prefix + step.ToString("D8", CultureInfo.InvariantCulture));
        string temporary = Path.Combine(folder, $".{Path.GetFileName(target)}.{Environment.ProcessId}.tmp");
        Directory.CreateDirectory(temporary);
        try
        {
            SafetensorsFile.Write(Path.Combine(temporary, WeightsFile), weights);
            SafetensorsFile.Write(Path.Combine(temporary, AverageFile), average.Parameters);
            SafetensorsFile.Write(Path.Combine(temporary, OptimizerFile), optimizer.State);
            var state = new CheckpointState
            {
                Step = step,
                OptimizerStep = optimizer.StepCount,
                Run = fingerprint,
                Sha256 = new[] { WeightsFile, AverageFile, OptimizerFile }.ToDictionary(f => f, f => Hash(Path.Combine(temporary, f))),
                Score = score,
            };
            AtomicFile.Write(
                Path.Combine(temporary, StateFile), stream => JsonSerializer.Serialize(stream, state.Sealed(), NvgJson.Options));
            Publish(folder, temporary, target);
        }
        catch
        {
            if (Directory.Exists(temporary))
                Directory.Delete(temporary, recursive: true);
            throw;
        }

        Rotate(folder, options);
    }

    private static void Publish(string folder, string temporary, string target)
    {
        string aside = Path.Combine(folder, Aside + Path.GetFileName(target));
        if (Directory.Exists(target))
            Directory.Move(target, aside);
        AtomicFile.PublishFolder(temporary, target);
        if (Directory.Exists(aside))
            Directory.Delete(aside, recursive: true);
    }

    /// <summary>Restores the newest intact checkpoint.</summary>
    /// <param name="folder">Folder of the checkpoints.</param>
    /// <param name="fingerprint">Identity of the run; a checkpoint of another run is rejected.</param>
    /// <param name="weights">Overwritten.</param>
    /// <param name="average">Overwritten.</param>
    /// <param name="optimizer">Overwritten.</param>
    /// <param name="warn">Receives a warning for every damaged checkpoint that was skipped.</param>
    /// <returns>The step, or null if there is no checkpoint.</returns>
    /// <exception cref="NvgDataException">
    /// The newest intact checkpoint belongs to other settings, or all checkpoints are damaged.
    /// </exception>
    internal static long? Restore(
        string folder,
        string fingerprint,
        ParameterStore weights,
        WeightAverage average,
        GroupedOptimizer optimizer,
        Action<string> warn)
    {
        ClearLeftovers(folder);
        var damaged = new List<string>();
        foreach (string candidate in List(folder))
        {
            if (Check(candidate, out CheckpointState? state) is { } problem)
            {
                warn($"{candidate}: {problem}; falling back to the previous checkpoint");
                damaged.Add(candidate);
                continue;
            }

            if (state!.Run != fingerprint)
            {
                throw NvgDataException.At(
                    candidate, "belongs to other settings or data", "continue with the same ones, or choose another run folder");
            }

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
            : throw NvgDataException.At(folder, "no checkpoint can be read", "choose another run folder to train from the start");
    }

    // Keeps the most recent checkpoints, those at multiples of KeepEvery, and the best one.
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
        long.TryParse(Path.GetFileName(checkpoint).AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out long step)
            ? step
            : null;

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

    // Keeps a damaged checkpoint for inspection, under a name that is not recognised as a checkpoint.
    private static void SetAside(string checkpoint)
    {
        string aside = Path.Combine(Path.GetDirectoryName(checkpoint)!, Damaged + Path.GetFileName(checkpoint));
        if (Directory.Exists(aside))
            Directory.Delete(aside, recursive: true);
        Directory.Move(checkpoint, aside);
    }

    // A process killed while writing leaves a temporary folder as large as a checkpoint. A process killed while replacing a
    // checkpoint leaves the old one under another name; it is restored unless the new one is complete.
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

    // Newest first. Leftovers of interrupted writes start with a dot and are not included.
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
