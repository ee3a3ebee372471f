using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Torch.Optim;
using Nvg.Torch.Safetensors;

namespace Nvg.Training;

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

    /// <summary>Writes a checkpoint and removes the oldest beyond <paramref name="keep"/>.</summary>
    internal static void Save(string folder, long step, string fingerprint, ParameterStore weights, WeightAverage average, GroupedOptimizer optimizer, int keep)
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
            var state = new State { Step = step, OptimizerStep = optimizer.StepCount, Run = fingerprint, Sha256 = hashes };
            AtomicFile.Write(Path.Combine(temporary, StateFile), stream => JsonSerializer.Serialize(stream, state, NvgJson.Options));
            string aside = Path.Combine(folder, Aside + Path.GetFileName(target));
            if (Directory.Exists(target))
                Directory.Move(target, aside);
            Directory.Move(temporary, target);
            if (Directory.Exists(aside))
                Directory.Delete(aside, recursive: true);
        }
        catch
        {
            if (Directory.Exists(temporary))
                Directory.Delete(temporary, recursive: true);
            throw;
        }

        foreach (string old in List(folder).Skip(keep))
            Directory.Delete(old, recursive: true);
    }

    /// <summary>Continues from the newest checkpoint that is whole.</summary>
    /// <param name="folder">Where checkpoints lie.</param>
    /// <param name="fingerprint">Of the run's settings and data; a checkpoint of others is refused.</param>
    /// <param name="weights">Overwritten.</param>
    /// <param name="average">Overwritten.</param>
    /// <param name="optimizer">Overwritten.</param>
    /// <param name="warn">Told about every damaged checkpoint that was passed over.</param>
    /// <returns>The step, or null if there is no checkpoint.</returns>
    internal static long? Restore(string folder, string fingerprint, ParameterStore weights, WeightAverage average, GroupedOptimizer optimizer, Action<string> warn)
    {
        ClearLeftovers(folder);
        foreach (string candidate in List(folder))
        {
            if (Check(candidate, out State? state) is { } problem)
            {
                warn($"{candidate}: {problem}; falling back to the checkpoint before");
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
            return state.Step;
        }

        return null;
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

    private static string? Check(string checkpoint, out State? state)
    {
        state = null;
        try
        {
            state = NvgJson.Read<State>(Path.Combine(checkpoint, StateFile));
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

    /// <summary><c>state.json</c>.</summary>
    internal sealed record State
    {
        public required long Step { get; init; }

        public required long OptimizerStep { get; init; }

        public required string Run { get; init; }

        public required Dictionary<string, string> Sha256 { get; init; }
    }
}
