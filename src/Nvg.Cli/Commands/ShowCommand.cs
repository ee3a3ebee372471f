using System.CommandLine;
using Nvg.Cli.Arguments;
using Nvg.Cli.Terminal;
using Nvg.Conditioning;
using Nvg.Documents;
using Nvg.Granularity;
using Nvg.Imaging;
using Nvg.Previews;
using Nvg.Torch;
using Nvg.Torch.Files.Npy;

namespace Nvg.Cli.Commands;

/// <summary><c>nvg show</c>: what a saved result holds.</summary>
internal sealed class ShowCommand
{
    private readonly Argument<string> _file = new("file") { Description = "A result that nvg generate --save wrote" };
    private readonly Option<string?> _model = CommonOptions.Model();
    private readonly Option<string?> _output = new("--output", "-o") { Description = "Draw it: the image, or with --stages every stage beside its structure map", HelpName = "FILE.png" };
    private readonly Option<bool> _stages = new("--stages") { Description = "Draw all stages, which needs the model" };
    private readonly Option<string?> _maps = new("--maps") { Description = "Write its structure maps, to edit them and give them back with --structure", HelpName = "FILE.npy" };
    private readonly Option<bool> _json = CommonOptions.Json();

    internal static Command Create()
    {
        var arguments = new ShowCommand();
        var command = new Command("show", "Print and draw a saved result")
        {
            arguments._file, arguments._output, arguments._stages, arguments._maps, arguments._model, arguments._json,
        };
        command.SetAction(parsed => arguments.Run(parsed));
        return command;
    }

    private int Run(ParseResult parsed)
    {
        string path = parsed.GetRequiredValue(_file);
        if (parsed.GetValue(_stages) && parsed.GetValue(_output) is null)
            throw new UsageException("--stages needs an image to draw into: -o FILE.png");
        if (new[] { parsed.GetValue(_output), parsed.GetValue(_maps) }.OfType<string>().Any(o => Path.GetFullPath(o) == Path.GetFullPath(path)))
            throw new UsageException($"{path} is read by this command: choose another output");
        TorchRuntime.Load();
        ImageDocument document = ImageDocument.Read(path);
        if (parsed.GetValue(_output) is { } output)
            WriteImage(output, parsed.GetValue(_stages) ? Stages(path, document, ModelFolder.Resolve(parsed.GetValue(_model))) : document.Image);
        if (parsed.GetValue(_maps) is { } maps)
            NpyArray.WriteLabelMaps(maps, document.Sequence.AllLabels.ToArray(), document.Sequence.Grid.StageCount, document.Sequence.Grid.Height, document.Sequence.Grid.Width);
        StageReport[] stages = [.. Enumerable.Range(0, document.Sequence.Grid.StageCount).Select(i => Stage(document, i))];
        if (parsed.GetValue(_json))
            MachineOutput.Write(new Report(path, document.Description, document.Image.Width, document.Image.Height, stages));
        else
            Print(document, stages);
        return CommandRunner.Done;
    }

    private static RgbImage Stages(string path, ImageDocument document, string folder)
    {
        using NvgModel model = NvgModel.Load(folder, withGenerator: false);
        document.RequireModel(path, model, model.Fingerprint());
        using GranularitySequence sequence = PartialSequence.ToBatch([document.Sequence]);
        return StageDrawing.Sheet(StageImages.Draw(model.Tokenizer, sequence, [document.Surroundings]));
    }

    private static void WriteImage(string path, RgbImage image)
    {
        try
        {
            ImageFile.Write(path, image);
        }
        catch (ArgumentException error)
        {
            throw new UsageException($"-o {error.Message}");
        }
    }

    private static StageReport Stage(ImageDocument document, int stage)
    {
        LatentGrid grid = document.Sequence.Grid;
        int[] tokens = document.Sequence.Tokens(stage).ToArray(), labels = document.Sequence.Labels(stage).ToArray();
        int Given(ReadOnlySpan<int> values) => values.Length - values.Count(PartialSequence.Unknown);
        return new StageReport(
            stage, LatentGrid.ClusterCount(stage), grid.ClusterSize(stage), labels.Zip(tokens).Distinct().Count(), tokens.Distinct().Count(),
            stage == 0 ? 0 : Given(document.Given.Labels(stage)), Given(document.Given.Tokens(stage)));
    }

    private static void Print(ImageDocument document, IEnumerable<StageReport> stages)
    {
        ImageDescription d = document.Description;
        Console.WriteLine($"{d.Label} (class {d.Class}), seed {d.Seed}, {document.Image.Width} × {document.Image.Height}, by {d.Model} ({d.Fingerprint[..Math.Min(12, d.Fingerprint.Length)]}), {d.Dtype}");
        if (d.Interpolation is { } way)
            Console.WriteLine($"{way.Share:P0} of the way to {(way.Class is { } number ? $"class {number} " : "")}{(way.Seed is { } seed ? $"seed {seed}" : "")}");
        ConsoleTable.Write(
            ["stage", "clusters", "positions each", "tokens", "different codes", "structure given", "content given"],
            stages.Select(s => new[] { $"{s.Stage}", $"{s.Clusters}", $"{s.ClusterSize}", $"{s.Tokens}", $"{s.Codes}", $"{s.StructureGiven}", $"{s.ContentGiven}" }));
    }

    private sealed record StageReport(int Stage, int Clusters, int ClusterSize, int Tokens, int Codes, int StructureGiven, int ContentGiven);

    private sealed record Report(string File, ImageDescription Description, int Width, int Height, IReadOnlyList<StageReport> Stages);
}
