using System.CommandLine;
using Nvg.Cli.Arguments;
using Nvg.Cli.Terminal;
using Nvg.Evaluation.Classes;
using Nvg.Evaluation.Steering;
using Nvg.Torch;

namespace Nvg.Cli.Commands.Evaluate;

/// <summary><c>nvg evaluate drawings</c>: measures how well images follow drawings of two regions.</summary>
internal sealed class EvaluateDrawingsCommand
{
    private readonly Option<string?> _model = CommonOptions.Model();
    private readonly Option<string> _data = new("--data")
    {
        Description = "Real images with classes, whose dark regions are drawn",
        Required = true,
        HelpName = "DATA",
    };

    private readonly Option<string?> _class =
        new("--class") { Description = "Classes of the images, such as river,sea; all by default", HelpName = "CLASS" };

    private readonly Option<int> _count = new("--count")
    {
        Description = "Number of drawings: the images with the most clearly separated dark region",
        HelpName = "N",
        DefaultValueFactory = _ => 100,
    };

    private readonly Option<int?> _stages = new("--structure-stages")
    {
        Description = "Stages that a drawing determines; by default, the number needed to separate its regions",
        HelpName = "N",
    };

    private readonly Option<ulong> _seed = new("--seed") { Description = "Seed of the first image", HelpName = "S" };
    private readonly Option<int> _batch = CommonOptions.Batch(20);
    private readonly Option<Device> _device = CommonOptions.Device();
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<bool> _json = CommonOptions.Json();

    internal static Command Create()
    {
        var arguments = new EvaluateDrawingsCommand();
        Command command = new Command("drawings", "Measure how well images follow drawings of two regions").With(
            arguments._data, arguments._model, arguments._class, arguments._count, arguments._stages, arguments._seed, arguments._batch,
            arguments._device, arguments._threads, arguments._json);
        command.SetAction(arguments.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(_count) < 1 || parsed.GetValue(_batch) < 1)
            throw new UsageException("--count and --batch must be at least 1");
        CommonOptions.Apply(parsed.GetValue(_device), parsed.GetValue(_threads));
        using NvgModel model = NvgModel.Load(ModelFolder.Resolve(parsed.GetValue(_model)), parsed.GetValue(_device), type: null);
        IReadOnlyList<LabelledImage> references = References(parsed, model);
        DrawingReport report = await ConsoleProgress.ShowAsync("measuring", progress => Task.Run(
            () => DrawingStudy.Run(
                model, references, parsed.GetValue(_stages), parsed.GetValue(_seed), parsed.GetValue(_batch),
                new SynchronousProgress<double>(share => progress.Report($"{share:P0} done", share)), cancellation),
            CancellationToken.None));
        if (parsed.GetValue(_json))
            MachineOutput.Write(report);
        else
            Print(report);
        return CommandRunner.Done;
    }

    private IReadOnlyList<LabelledImage> References(ParseResult parsed, NvgModel model)
    {
        string data = parsed.GetRequiredValue(_data);
        IReadOnlyList<int>? wanted = parsed.GetValue(_class) is { } names ? ClassArguments.FindAll(model.Classes, names) : null;
        LabelledImage[] all = LabelledReferences.Read(data, model, wanted: wanted);
        return DrawingStudy.Choose(all, parsed.GetValue(_count)) is { Count: > 0 } chosen
            ? chosen
            : throw NvgDataException.At(data, "has no image of these classes with a dark and a bright region");
    }

    private static void Print(DrawingReport r)
    {
        ConsoleText.Print($"{ConsoleText.Count(r.Count, "drawing")} of {r.Stages:F1} stages, {r.DarkShare:P0} dark; "
            + "intersection over union of the drawn dark region and that of the image:");
        ConsoleTable.Write(
            ["followed", "unguided", "reconstructed", "balanced"],
            [[$"{r.Followed:F3}", $"{r.Unguided:F3}", $"{r.Reconstructed:F3}", $"{r.Balanced:F3}"]]);
    }
}
