using System.Diagnostics;
using System.Text;
using Nvg.Cli.Terminal;
using Nvg.Configuration;
using Nvg.Evaluation.Features;
using Nvg.Evaluation.Studies;
using Nvg.Sampling;
using Nvg.Torch;
using Nvg.Torch.Files;
using Nvg.Training.Planning;
using Nvg.Training.Planning.Execution;

namespace Nvg.Cli.Planning;

/// <summary>
/// The choice of guidance and top-p for a finished model: the settings whose images are closest to the training images, in the
/// features of the run's classifier. A model that has seen few images needs stronger guidance than a model that has seen many.
/// </summary>
/// <param name="Tried">Number of settings that were tried.</param>
/// <param name="Images">Images per setting.</param>
/// <param name="Plan">Result of the plan's settings.</param>
/// <param name="Best">Result of the chosen settings.</param>
internal sealed record SamplingChoice(int Tried, int Images, StudyResult Plan, StudyResult Best)
{
    private const string Folder = "sampling";

    // Share of the time for measuring.
    private const double Share = 0.3;
    private const int ImagesOfAll = 60, Batch = 16;
    private const ulong Seed = 5000;

    // In the order in which they are tried, while there is time.
    private static readonly StudyPoint[] Candidates =
    [
        Point(),
        Point(("contentGuidance", "1.5-5"), ("topP", "0.9-0.5")),
        Point(("contentGuidance", "1.5-5"), ("structureGuidance", "2-6"), ("topP", "0.9-0.5")),
        Point(("contentGuidance", "2-8"), ("topP", "0.9-0.5")),
        Point(("structureGuidance", "2-6"), ("topP", "0.9-0.5")),
        Point(("contentGuidance", "2-8"), ("structureGuidance", "2-6"), ("topP", "0.9-0.5")),
        Point(("contentGuidance", "1.5-5")),
    ];

    /// <summary>Tries the settings and writes the best to the model's folder.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="folder">Folder of the plan, with the model.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="clock">The time that measuring has taken so far.</param>
    /// <param name="progress">Shows progress.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <returns>Null if there is no classifier to measure with, or no time for two settings.</returns>
    internal static async Task<SamplingChoice?> RunAsync(
        TrainingPlan plan, PlanFolder folder, Device device, Stopwatch clock, ConsoleProgress progress, CancellationToken cancellation)
    {
        if (plan.Classifier is null)
            return null;
        double seconds = Share * plan.Stage(StageNames.Measurement).Seconds;
        var options = new NvgModelOptions { Device = device, Threads = null };
        using NvgModel model = await NvgModel.LoadAsync(folder.Model, options, cancellation);
        using var classifier = ClassifierFeatures.Load(PlanExecution.ModelFolder(folder.Path, StageNames.Classifier), device);
        int perClass = (int)Math.Ceiling(ImagesOfAll / (double)model.Labels.Count), images = perClass * model.Labels.Count;
        if (await TimeAsync(model, cancellation) * images / Batch * 2 > seconds - clock.Elapsed.TotalSeconds)
            return null;
        using var study = new SamplingStudy(model, classifier, new StudySettings
        {
            Folder = Path.Combine(folder.Path, Folder),
            Reference = folder.TrainingData,
            PerClass = perClass,
            Seed = Seed,
            Batch = Batch,
        });
        var told = new SynchronousProgress<string>(text => progress.Report(text, null));
        var results = new List<StudyResult>();
        foreach (StudyPoint point in Candidates)
        {
            results.Add(study.Run(point, told, cancellation));
            // The time at which the next one would end, from the mean time so far.
            if (clock.Elapsed.TotalSeconds * (results.Count + 1) / results.Count > seconds)
                break;
        }

        SamplingChoice choice = Among(results, images);
        SamplingOptions chosen = Candidates[results.IndexOf(choice.Best)].Apply(model.Config.Sampling);
        string config = NvgJson.Write(model.Config with { Sampling = chosen });
        AtomicFile.Write(Path.Combine(folder.Model, NvgModel.ConfigFile), Encoding.UTF8.GetBytes(config));
        return choice;
    }

    /// <summary>The best of the results; the first one belongs to the plan's settings.</summary>
    internal static SamplingChoice Among(IReadOnlyList<StudyResult> results, int images) =>
        new(results.Count, images, results[0], results.MinBy(result => result.FrechetDistance)!);

    // Seconds per batch, after a warm-up.
    private static async Task<double> TimeAsync(NvgModel model, CancellationToken cancellation)
    {
        var request = new GenerationRequest { Images = GenerationRequest.OfClasses([0], Batch, Seed), BatchSize = Batch };
        await model.GenerateAsync(request, cancellation: cancellation);
        var clock = Stopwatch.StartNew();
        await model.GenerateAsync(request, cancellation: cancellation);
        return clock.Elapsed.TotalSeconds;
    }

    private static StudyPoint Point(params (string Key, string Value)[] changes) => new(
        changes.Length == 0 ? "as planned" : string.Join(", ", changes.Select(change => $"{change.Key} {change.Value}")),
        [.. changes.Select(change => KeyValuePair.Create(change.Key, change.Value))]);
}
