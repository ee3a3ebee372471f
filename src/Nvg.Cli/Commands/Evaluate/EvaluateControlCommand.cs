using System.CommandLine;
using Nvg.Cli.Arguments;
using Nvg.Cli.Terminal;
using Nvg.Evaluation.Classes;
using Nvg.Evaluation.Features;
using Nvg.Evaluation.Steering;
using Nvg.Torch;

namespace Nvg.Cli.Commands.Evaluate;

/// <summary><c>nvg evaluate control</c>: measures how well images follow given structure and content.</summary>
internal sealed class EvaluateControlCommand
{
    private readonly Option<string?> _model = CommonOptions.Model();
    private readonly Option<string> _data = new("--data")
    {
        Description = "Real images with classes, which provide structure and surroundings",
        Required = true,
        HelpName = "DATA",
    };

    private readonly Option<string?> _features =
        new("--features") { Description = "Classifier that measures the change of class", HelpName = "DIR" };

    private readonly Option<int> _limit = new("--limit")
    {
        Description = "Number of images, chosen evenly",
        HelpName = "N",
        DefaultValueFactory = _ => 100,
    };

    private readonly Option<ulong> _seed = new("--seed") { Description = "Seed of the first image", HelpName = "S" };
    private readonly Option<int> _batch = CommonOptions.Batch(20);
    private readonly Option<Device> _device = CommonOptions.Device();
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<bool> _json = CommonOptions.Json();

    internal static Command Create()
    {
        var arguments = new EvaluateControlCommand();
        Command command = new Command("control",
            "Measure how well images follow given structure, and the effect of masks and of changing the class").With(
            arguments._data, arguments._model, arguments._features, arguments._limit, arguments._seed, arguments._batch, arguments._device,
            arguments._threads, arguments._json);
        command.SetAction(arguments.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(_limit) < 1 || parsed.GetValue(_batch) < 1)
            throw new UsageException("--limit and --batch must be at least 1");
        CommonOptions.Apply(parsed.GetValue(_device), parsed.GetValue(_threads));
        using NvgModel model = NvgModel.Load(ModelFolder.Resolve(parsed.GetValue(_model)), parsed.GetValue(_device), type: null);
        if (model.GeneratorConfig.Grid is { Height: < 4 } or { Width: < 4 })
            throw NvgDataException.At(model.Folder, "has fewer than 4 × 4 latent positions, too few for a mask");
        using ClassifierFeatures? classifier = parsed.GetValue(_features) is { } folder
            ? ClassifierFeatures.Load(ModelFolder.Locate(folder), parsed.GetValue(_device))
            : null;
        LabelledImage[] references = LabelledReferences.Read(parsed.GetRequiredValue(_data), model, parsed.GetValue(_limit));
        ControlReport report = await ConsoleProgress.ShowAsync("measuring", progress => Task.Run(
            () => ControlEvaluation.Run(
                model, references, classifier, parsed.GetValue(_seed), parsed.GetValue(_batch),
                new SynchronousProgress<double>(share => progress.Report($"{share:P0} done", share)), cancellation),
            CancellationToken.None));
        if (parsed.GetValue(_json))
            MachineOutput.Write(report);
        else
            Print(report);
        return CommandRunner.Done;
    }

    private static void Print(ControlReport r)
    {
        ConsoleText.Print($"{ConsoleText.Count(r.Count, "image")}; given labels are kept in {r.StructureKept:P1} of them, "
            + $"labels and tokens outside the mask in {r.SequenceKeptOutside:P1}");
        ConsoleTable.Write(
            ["stage", "followed", "unguided", "chance", "reconstructed"],
            r.Agreement.Select(a => new[] { $"{a.Stage}", $"{a.Followed:F3}", $"{a.Unguided:F3}", $"{a.Chance:F3}",
                $"{a.Reconstructed:F3}" }));
        ConsoleTable.Write(
            ["in-painting, mean change of 255 by distance", "decoded", "surroundings restored"],
            r.Decoded.MeanByDistance.Select((decoded, d) => new[] { d == 0 ? "inside" : $"{d}", $"{decoded:F2}",
                $"{r.Blended.MeanByDistance[d]:F2}" }));
        if (r.ClassChange is { } c)
        {
            ConsoleTable.Write(
                ["change of class inside the mask", "classified as old class", "as new class"],
                [["before", $"{c.OldBefore:P1}", $"{c.NewBefore:P1}"], ["after", $"{c.OldAfter:P1}", $"{c.NewAfter:P1}"]]);
        }
    }
}
