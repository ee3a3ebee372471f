using System.Globalization;
using System.Text;
using Nvg.Cli.Terminal;
using Nvg.Evaluation.Neighbours;
using Nvg.Torch.Files;
using Nvg.Training.Planning;
using Nvg.Training.Planning.Execution;
using Nvg.Training.Planning.Facts;

namespace Nvg.Cli.Planning;

/// <summary>Writes the card of a model that was trained by a plan: data, times, measurements, and the command to try the model.</summary>
internal sealed class PlannedModelCard
{
    private readonly StringBuilder _text = new();
    private readonly TrainingPlan _plan;
    private readonly ModelFigures _figures;
    private readonly RunState _state;

    private PlannedModelCard(TrainingPlan plan, ModelFigures figures, RunState state) => (_plan, _figures, _state) = (plan, figures, state);

    /// <summary>Writes <c>README.md</c> to the model folder.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="figures">The measurements.</param>
    /// <param name="state">The state of the run, with the time of every stage.</param>
    /// <param name="model">The model folder.</param>
    /// <param name="tryIt">Command that generates images.</param>
    internal static void Write(TrainingPlan plan, ModelFigures figures, RunState state, string model, string tryIt)
    {
        var card = new PlannedModelCard(plan, figures, state);
        card.Write(tryIt);
        AtomicFile.Write(Path.Combine(model, "README.md"), Encoding.UTF8.GetBytes(card._text.ToString()));
    }

    private void Write(string tryIt)
    {
        Line($"# {_plan.Request.Name}");
        Line();
        Line($"Generates images of {_plan.Size} × {_plan.Size} pixels {PlanLines.Classes(_plan)}. Trained on {_plan.Data.Source}: "
            + $"{ConsoleText.Count(_plan.Data.Images, "image")}, of which {_plan.HeldOut:N0} "
            + $"{(_plan.HeldOut == 1 ? "was" : "were")} held out.");
        Line();
        Line($"    {tryIt}");
        Line();
        Line($"![Samples]({ModelMeasurement.SamplesSheet})");
        Line();
        Line("Not selected: seeds from 0, a row per class if there are several.");
        Figures();
        Times();
        Choices();
    }

    private void Figures()
    {
        Heading("Figures");
        Line("| | |");
        Line("| --- | --- |");
        string which = _figures.IsHeldOut ? "held out" : "**trained on**";
        Row($"reconstruction of {_figures.Reconstructed:N0} images, {which}",
            Text($"PSNR {_figures.Reconstruction.Psnr:F2} dB, SSIM {_figures.Reconstruction.Ssim:F3}"));
        Row("codes in use", Text($"{_figures.CodebookUsage:P0} of {_plan.Tokenizer.Tokenizer.CodebookSize:N0}"));
        if (_figures.ClassAccuracy is { } accuracy)
        {
            string real = _figures.RealClassAccuracy is { } known ? Text($"; real images that were held out: {known:P1}") : "";
            Row($"class recognised by the run's classifier, {_figures.Samples:N0} samples", Text($"{accuracy:P1}") + real);
        }

        if (_figures.Sampling is { } sampling)
            Row("guidance and top-p", Describe(sampling));
        foreach ((string name, double value) in _figures.Distances)
            Row($"{name}, {_figures.Samples:N0} samples against the training images", Text($"{value:G4}"));
        if (_figures.Network is null)
            Row("distances to the training images", "not measured: there was no time for ResNet-18, and there is no classifier");
        if (_figures.Copies is { } copies)
            Row("copies of training images", Describe(copies));
        Row("generating an image, in batches", Text($"{_figures.SecondsPerImage:F2} s on {_plan.Machine.Device}"));
        Line();
        Line($"Upper row: images {which.Trim('*')}; lower row: their reconstructions.");
        Line();
        Line($"![Reconstructions]({ModelMeasurement.ReconstructionsSheet})");
        if (_figures.Copies is null)
            return;
        Line();
        Line("The samples nearest to the training images, each with its nearest training image by features and by pixels:");
        Line();
        Line($"![Nearest training images]({ModelMeasurement.NeighboursSheet})");
    }

    /// <summary>The row of the card about a choice of sampling settings.</summary>
    internal static string Describe(SamplingChoice sampling) => sampling.Tried < 2
        ? "as planned; there was no time to try others"
        : Text($"{sampling.Best.Name}: Fréchet distance {sampling.Best.FrechetDistance:G3}, the smallest of {sampling.Tried} settings ")
            + Text($"({sampling.Images} images of each, features of the run's classifier; as planned {sampling.Plan.FrechetDistance:G3})");

    private static string Describe(MemorisationCheck copies) => Text(
        $"{copies.SampleCopies:P1} of the samples are near copies (real images held out: {copies.TestCopies:P1}); ")
        + Text($"median distance to the nearest training image {copies.MedianRatio:F2} times that of held-out images");

    private void Times()
    {
        Heading("Time");
        Line($"{_plan.Machine.Device}, {ConsoleText.Count(_plan.Machine.Threads, "thread")}.");
        Line();
        Line("| stage | planned | taken | steps of images |");
        Line("| --- | --- | --- | --- |");
        double other = _state.Seconds - _state.Stages.Values.Sum(stage => stage.Seconds);
        foreach (PlannedStage stage in _plan.Stages.Where(stage => stage.Steps > 0))
        {
            StageState done = _state.Stage(stage.Name);
            Row(stage.Name, PlanText.Time(stage.Seconds), PlanText.Time(done.Seconds), $"{done.Steps:N0} of {stage.Batch}");
        }

        Row("preparation, measurement", PlanText.Time(_plan.Stages.Where(s => s.Steps == 0).Sum(s => s.Seconds)), PlanText.Time(other), "");
        Row("together", PlanText.Time(_plan.Seconds), PlanText.Time(_state.Seconds), "");
    }

    private void Choices()
    {
        Heading("Choices of the plan");
        Line("| | | |");
        Line("| --- | --- | --- |");
        foreach (PlanChoice choice in _plan.Choices)
            Row(choice.Name, choice.Value, choice.Reason);
        Heading("Limits");
        IEnumerable<string> seen = _plan.Stages.Where(stage => stage.Steps > 0)
            .Select(stage => $"{stage.Name} {_state.ImagesSeen(stage):N0} (planned {stage.Images:N0})");
        Line($"Images seen: {string.Join(", ", seen)}. What the plan expected:");
        Line();
        foreach (string sentence in _plan.Expectations)
            Line($"- {sentence}");
        Line("- The licence of the images applies to everything derived from them; this card does not know it.");
    }

    private void Heading(string text)
    {
        Line();
        Line($"## {text}");
    }

    private void Row(params string[] cells) =>
        Line($"| {string.Join(" | ", cells.Select(c => c.Replace("|", "\\|", StringComparison.Ordinal)))} |");

    private void Line(string text = "") => _text.Append(text).Append('\n');

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
