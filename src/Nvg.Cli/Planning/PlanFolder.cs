using Nvg.Training.Planning;
using Nvg.Training.Planning.Execution;

namespace Nvg.Cli.Planning;

/// <summary>The folder of a plan that is executed.</summary>
/// <param name="Path">The folder.</param>
/// <param name="Source">The prepared data set that the plan was made for; null if the folder keeps its own.</param>
internal sealed record PlanFolder(string Path, string? Source)
{
    /// <summary>The training images.</summary>
    internal string TrainingData => Source ?? System.IO.Path.Combine(Path, "data", "train");

    /// <summary>The held-out images.</summary>
    internal string HeldOutData => System.IO.Path.Combine(Path, "data", "held-out");

    /// <summary>The resulting model.</summary>
    internal string Model => System.IO.Path.Combine(Path, "model");

    /// <summary>
    /// Copies the generators' model to <see cref="Model"/>. The config is copied last, because it makes the folder a model
    /// folder.
    /// </summary>
    internal void CopyModel()
    {
        string trained = PlanExecution.ModelFolder(Path, StageNames.Generator);
        Directory.CreateDirectory(Model);
        foreach (string file in Directory.GetFiles(trained).OrderBy(file => System.IO.Path.GetFileName(file) == "config.json"))
            File.Copy(file, System.IO.Path.Combine(Model, System.IO.Path.GetFileName(file)), overwrite: true);
    }
}
