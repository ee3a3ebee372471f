using System.CommandLine;
using Nvg.Cli.Terminal;
using Nvg.Evaluation.Features;
using Nvg.Evaluation.Studies;
using Nvg.Torch;

namespace Nvg.Cli.Arguments;

/// <summary>Options and implementation shared by <c>ablation</c> and <c>sweep</c>.</summary>
internal sealed class StudyArguments
{
    private readonly Option<string?> _model = CommonOptions.Model();
    private readonly Option<string> _features = new("--features")
    {
        Description = "Classifier for class accuracy and features",
        Required = true,
        HelpName = "DIR",
    };

    private readonly Option<string> _reference = new("--reference")
    {
        Description = "Real images to compare with: a data set, a folder, an .npz, or stored statistics",
        Required = true,
        HelpName = "PATH",
    };

    private readonly Option<string?> _given = new("--given")
    {
        Description = "Data set whose images provide structure and content for settings that keep them",
        HelpName = "DATA",
    };

    private readonly Option<string> _output = new("--output", "-o")
    {
        Description = "Folder for images, metrics and report; an interrupted study continues there",
        Required = true,
        HelpName = "DIR",
    };

    private readonly Option<int> _perClass = new("--per-class")
    {
        Description = "Images per class for every setting",
        HelpName = "N",
        DefaultValueFactory = _ => 50,
    };

    private readonly Option<ulong> _seed = new("--seed")
    {
        Description = "Seed of the first image of each class, the same for every setting",
        HelpName = "S",
    };

    private readonly Option<int> _batch = CommonOptions.Batch(50);
    private readonly Option<Device> _device = CommonOptions.Device();
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<bool> _json = CommonOptions.Json();

    internal void AddTo(Command command) =>
        command.With(_model, _features, _reference, _given, _output, _perClass, _seed, _batch, _device, _threads, _json);

    /// <summary>Runs a study and writes its tables and its report.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="title">Title of the report.</param>
    /// <param name="plan">Creates the points from the number of stages and whether there are reference images.</param>
    /// <param name="cancellation">Interrupts the study; finished points are kept.</param>
    internal async Task<int> RunAsync(ParseResult parsed, string title, Func<int, bool, IReadOnlyList<StudyPoint>> plan,
        CancellationToken cancellation)
    {
        if (parsed.GetValue(_perClass) < 1 || parsed.GetValue(_batch) < 1)
            throw new UsageException("--per-class and --batch must be at least 1");
        CommonOptions.Apply(parsed.GetValue(_device), parsed.GetValue(_threads));
        using NvgModel model = NvgModel.Load(ModelFolder.Resolve(parsed.GetValue(_model)), parsed.GetValue(_device), type: null);
        using var network = ClassifierFeatures.Load(ModelFolder.Locate(parsed.GetRequiredValue(_features)), parsed.GetValue(_device));
        var settings = new StudySettings
        {
            Folder = parsed.GetRequiredValue(_output),
            Reference = parsed.GetRequiredValue(_reference),
            Given = parsed.GetValue(_given),
            PerClass = parsed.GetValue(_perClass),
            Seed = parsed.GetValue(_seed),
            Batch = parsed.GetValue(_batch),
        };
        using var study = new SamplingStudy(model, network, settings);
        IReadOnlyList<StudyPoint> points = plan(model.GeneratorConfig.Grid.StageCount, settings.Given is not null);
        Check(study, points);
        List<StudyResult> results = await ConsoleProgress.ShowAsync("measuring", progress => Task.Run(
            () => Measure(study, points, progress, cancellation), CancellationToken.None));
        StudyTable.Write(settings.Folder, title, About(model, network, settings), results, [.. points.Select(study.FirstOfEachClass)],
            Settings(model, network, settings), CommandLineText.Current);
        if (parsed.GetValue(_json))
            MachineOutput.Write(results);
        else
            ConsoleTable.Write([.. StudyTable.Headings], StudyTable.Rows(results).Select(row => row.ToArray()));
        return CommandRunner.Done;
    }

    private static void Check(SamplingStudy study, IReadOnlyList<StudyPoint> points)
    {
        try
        {
            foreach (StudyPoint point in points)
                study.Check(point);
        }
        catch (NvgDataException error)
        {
            // Points come only from the command line.
            throw new UsageException(error.Message);
        }
    }

    private static List<StudyResult> Measure(SamplingStudy study, IReadOnlyList<StudyPoint> points, ConsoleProgress progress,
        CancellationToken cancellation)
    {
        var results = new List<StudyResult>();
        foreach (StudyPoint point in points)
        {
            string position = $"point {results.Count + 1} of {points.Count}";
            double share = (double)results.Count / points.Count;
            results.Add(study.Run(point, new SynchronousProgress<string>(state => progress.Report($"{position}, {state}", share)),
                cancellation));
        }

        return results;
    }

    private static string About(NvgModel model, ClassifierFeatures network, StudySettings settings) =>
        $"{settings.PerClass} images of each of {model.Labels.Count} classes for every setting, with the same seeds. Class accuracy, "
            + "Fréchet distance, "
        + $"precision and recall use {network.Name}; compare them only with each other, not with metrics of other networks or other "
            + "numbers of "
        + "images. The Fréchet distance is biased upwards by the small number of images, equally for every setting.";

    private static IEnumerable<KeyValuePair<string, string>> Settings(NvgModel model, ClassifierFeatures network, StudySettings settings) =>
    [
        new("model", $"{model.Folder} ({model.Config.Name})"), new("classifier", network.Name), new("reference", settings.Reference),
        new("given", settings.Given ?? "none"),
        new("seeds", $"{settings.Seed} … {settings.Seed + (ulong)settings.PerClass - 1} of each class"),
        new("batch size", $"{settings.Batch}"), .. ReportVersions.Current(),
    ];
}
