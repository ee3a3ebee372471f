using System.CommandLine;
using Nvg.Cli.Terminal;
using Nvg.Evaluation.Features;
using Nvg.Evaluation.Studies;
using Nvg.Torch;

namespace Nvg.Cli.Arguments;

/// <summary>Options and work that <c>ablation</c> and <c>sweep</c> share.</summary>
internal sealed class StudyArguments
{
    private readonly Option<string?> _model = CommonOptions.Model();
    private readonly Option<string> _features = new("--features") { Description = "Folder of the classifier that judges and describes the images", Required = true, HelpName = "DIR" };
    private readonly Option<string> _reference = new("--reference") { Description = "Real images that distances are measured to: a data set, a folder, an .npz, or stored statistics", Required = true, HelpName = "PATH" };
    private readonly Option<string?> _given = new("--given") { Description = "A data set whose images give structure and content where these are kept", HelpName = "DATA" };
    private readonly Option<string> _output = new("--output", "-o") { Description = "Folder for images, figures and report; a study that was ended continues there", Required = true, HelpName = "DIR" };
    private readonly Option<int> _perClass = new("--per-class") { Description = "Images of each class at every point", HelpName = "N", DefaultValueFactory = _ => 50 };
    private readonly Option<ulong> _seed = new("--seed") { Description = "Seed of the first image of each class, the same at all points", HelpName = "S" };
    private readonly Option<int> _batch = new("--batch") { Description = "Images generated together", HelpName = "N", DefaultValueFactory = _ => 50 };
    private readonly Option<Device> _device = CommonOptions.Device();
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<bool> _json = CommonOptions.Json();

    internal void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _model, _features, _reference, _given, _output, _perClass, _seed, _batch, _device, _threads, _json })
            command.Options.Add(option);
    }

    /// <summary>Runs a study and writes its tables and its report.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="title">Heading of the report.</param>
    /// <param name="plan">The points, by number of stages and whether there are reference images.</param>
    /// <param name="cancellation">Ends the study; what is done stays.</param>
    internal async Task<int> RunAsync(ParseResult parsed, string title, Func<int, bool, IReadOnlyList<StudyPoint>> plan, CancellationToken cancellation)
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
        StudyTable.Write(settings.Folder, title, About(model, network, settings), results, [.. points.Select(study.FirstOfEachClass)], Settings(model, network, settings), CommandLineText.Current);
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
            // Points come from the command line alone.
            throw new UsageException(error.Message);
        }
    }

    private static List<StudyResult> Measure(SamplingStudy study, IReadOnlyList<StudyPoint> points, ConsoleProgress progress, CancellationToken cancellation)
    {
        var results = new List<StudyResult>();
        foreach (StudyPoint point in points)
            results.Add(study.Run(point, new SynchronousProgress<string>(state => progress.Report($"point {results.Count + 1} of {points.Count}, {state}", (double)results.Count / points.Count)), cancellation));
        return results;
    }

    private static string About(NvgModel model, ClassifierFeatures network, StudySettings settings) =>
        $"{settings.PerClass} images of each of {model.Labels.Count} classes at every setting, drawn with the same seeds. Class accuracy, Fréchet distance, precision and recall are by {network.Name}; "
        + $"they compare with each other only, not with figures of other networks or other numbers of images. The Fréchet distance is biased upwards by the small number of images, equally at every setting.";

    private static IEnumerable<KeyValuePair<string, string>> Settings(NvgModel model, ClassifierFeatures network, StudySettings settings) =>
    [
        new("model", $"{model.Folder} ({model.Config.Name})"), new("classifier", network.Name), new("reference", settings.Reference), new("given", settings.Given ?? "none"),
        new("seeds", $"{settings.Seed} … {settings.Seed + (ulong)settings.PerClass - 1} of each class"), new("generated together", $"{settings.Batch}"), .. ReportVersions.Current(),
    ];
}
