using System.Text;
using System.Text.Json;
using Nvg.Cli.Output;
using Nvg.Configuration;
using Nvg.Torch.Files;
using Nvg.Training.Planning;
using Nvg.Training.Planning.Execution;

namespace Nvg.Cli.Planning;

/// <summary>The files of a plan: the plan of a run, and its settings for editing.</summary>
internal static class PlanFiles
{
    private const string PlanName = "plan.json";

    /// <summary>The plan of a run folder, or null if there is none.</summary>
    /// <exception cref="NvgDataException">The file is damaged.</exception>
    internal static TrainingPlan? ReadFrom(string folder)
    {
        string path = Path.Combine(folder, PlanName);
        return File.Exists(path) ? NvgJson.Read<TrainingPlan>(path) : null;
    }

    /// <summary>Stores the plan of a run.</summary>
    internal static void WriteTo(string folder, TrainingPlan plan) => Write(Path.Combine(folder, PlanName), plan);

    /// <summary>Writes the plan to one file, if its name ends in .json, or its settings to a folder.</summary>
    /// <param name="target">File or folder.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="data">Path of the prepared data, as used in the commands.</param>
    /// <param name="overwrite">Whether existing files are replaced.</param>
    /// <returns>The commands that use the settings; none if the plan is one file.</returns>
    internal static IReadOnlyList<string> Export(string target, TrainingPlan plan, string data, bool overwrite)
    {
        if (Path.GetExtension(target).Equals(".json", StringComparison.OrdinalIgnoreCase))
        {
            ExistingOutput.RequireFree(target, overwrite);
            Write(target, plan);
            return [];
        }

        string[] stages =
            [StageNames.Tokenizer, .. plan.Classifier is null ? (string[])[] : [StageNames.Classifier], StageNames.Generator];
        foreach (string stage in stages)
            ExistingOutput.RequireFree(Path.Combine(target, stage + ".json"), overwrite);
        Directory.CreateDirectory(target);
        string runs = Path.Combine(target, "runs");
        string reasons = string.Join('\n', plan.Choices.Select(c => $"{c.Name}: {c.Value} ({c.Reason})"));
        WriteSettings(target, StageNames.Tokenizer, plan.Tokenizer, reasons);
        string model = PlanExecution.ModelFolder(runs, StageNames.Tokenizer);
        WriteSettings(target, StageNames.Generator, plan.Generator with { Tokenizer = model }, reasons);
        if (plan.Classifier is { } classifier)
            WriteSettings(target, StageNames.Classifier, classifier, reasons);
        return [.. stages.Select(stage => $"nvg train {stage} --config {Path.Combine(target, stage + ".json")} --data {data} "
            + $"-o {Path.Combine(runs, stage)}")];
    }

    private static void WriteSettings<TConfig>(string folder, string stage, TConfig settings, string reasons)
    {
        var schema = SettingsSchema.Of(stage);
        schema.CopyTo(folder);
        string text = CommentedSettings.Write(settings, schema, reasons);
        AtomicFile.Write(Path.Combine(folder, stage + ".json"), Encoding.UTF8.GetBytes(text));
    }

    private static void Write(string path, TrainingPlan plan) =>
        AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, plan, NvgJson.Options));
}
