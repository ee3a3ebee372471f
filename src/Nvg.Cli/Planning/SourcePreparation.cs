using Nvg.Cli.Output;
using Nvg.Cli.Terminal;
using Nvg.Data.Datasets;
using Nvg.Data.Packing;
using Nvg.Data.Sources;
using Nvg.Training.Planning;

namespace Nvg.Cli.Planning;

/// <summary>Prepares the images of a plan as two data sets: training images and held-out images.</summary>
internal static class SourcePreparation
{
    /// <summary>Prepares the data sets that are not prepared yet.</summary>
    /// <returns>The plan with the usable images and classes, which are known only now.</returns>
    /// <param name="source">Folder or archive.</param>
    /// <param name="subset">Folder inside the source, or null.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="folder">Folder of the plan.</param>
    /// <param name="progress">Shows progress.</param>
    /// <param name="cancellation">Ends the work; nothing incomplete is left.</param>
    internal static async Task<TrainingPlan> RunAsync(
        string source, string? subset, TrainingPlan plan, PlanFolder folder, ConsoleProgress progress, CancellationToken cancellation)
    {
        if (folder.Source is not null)
            return plan;
        int every = plan.HeldOut > 0 ? plan.Data.Images / plan.HeldOut : 0;
        if (!Directory.Exists(folder.TrainingData))
        {
            DatasetDescription done = await PackAsync(heldOut: false, folder.TrainingData);
            SkippedFiles.Note(done, folder.TrainingData);
        }

        if (every > 0 && !Directory.Exists(folder.HeldOutData))
            await PackAsync(heldOut: true, folder.HeldOutData);
        return WithDataOf(folder, plan);

        Task<DatasetDescription> PackAsync(bool heldOut, string target) => Preparation.RunAsync(
            ImageSource.Open(source, subset).Part(every, heldOut, plan.IgnoresClasses), target, new PreparationOptions { Size = plan.Size },
            new SynchronousProgress<PreparationProgress>(
                p => progress.Report($"{ConsoleText.Count(p.Done, "image")} packed, {p.Skipped} skipped", p.Share)), cancellation);
    }

    private static TrainingPlan WithDataOf(PlanFolder folder, TrainingPlan plan)
    {
        IReadOnlyList<DatasetClass> training = DatasetDescription.Read(folder.TrainingData).Classes;
        IReadOnlyList<DatasetClass> heldOut = plan.HeldOut > 0 ? DatasetDescription.Read(folder.HeldOutData).Classes : [];
        var all = training.Concat(heldOut).GroupBy(c => c.Name, (name, parts) => new DatasetClass(name, parts.Sum(c => c.Count)));
        TrainingPlan changed = WithClassifierFor(training.Count, plan) with
        {
            HeldOut = heldOut.Sum(c => c.Count),
            Data = plan.Data with { Classes = [.. all] },
        };
        PlanFiles.WriteTo(folder.Path, changed);
        return changed;
    }

    private static TrainingPlan WithClassifierFor(int classCount, TrainingPlan plan)
    {
        if (plan.Classifier is not { } classifier || classifier.Classifier.ClassCount == classCount)
            return plan;
        return classCount == 1
            ? plan with { Classifier = null, Stages = [.. plan.Stages.Where(stage => stage.Name != StageNames.Classifier)] }
            : plan with { Classifier = classifier with { Classifier = classifier.Classifier with { ClassCount = classCount } } };
    }
}
