using System.CommandLine;
using Nvg.Cli.Arguments;
using Nvg.Cli.Terminal;
using Nvg.Conditioning;
using Nvg.Documents;
using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Imaging;
using Nvg.Labels;
using Nvg.Previews;
using Nvg.Sampling;
using Nvg.Sampling.Schedules;
using Nvg.Torch;
using Nvg.Torch.Files.Npy;
using Nvg.Var.Sampling;

namespace Nvg.Cli.Commands;

/// <summary><c>nvg show</c>: prints and draws a saved result, or describes a model.</summary>
internal sealed class ShowCommand
{
    private readonly Argument<string> _path =
        new("path") { Description = "A result saved by nvg generate --save (.nvg), or a model folder or name" };
    private readonly Option<string?> _model = CommonOptions.Model();

    private readonly Option<string?> _output = new("--output", "-o")
    {
        Description = "Write the image, or with --stages every stage beside its structure map",
        HelpName = "FILE.png",
    };

    private readonly Option<bool> _stages = new("--stages") { Description = "Draw all stages; needs the model" };

    private readonly Option<string?> _maps = new("--maps")
    {
        Description = "Write the structure maps, to edit them and use them with --structure",
        HelpName = "FILE.npy",
    };

    private readonly Option<bool> _json = CommonOptions.Json();

    internal static Command Create()
    {
        var arguments = new ShowCommand();
        Command command = new Command("show", "Print and draw a saved result, or describe a model") { arguments._path }
            .With(arguments._output, arguments._stages, arguments._maps, arguments._model, arguments._json);
        command.SetAction(arguments.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        string path = parsed.GetRequiredValue(_path), model = ModelFolder.Locate(path);
        if (Directory.Exists(model))
            return ShowModel(parsed, ModelCard.Read(model));
        if (ImageFile.HasImageName(path))
            throw NvgDataException.At(
                path, "has the name of an image, not of a saved result", "nvg generate --save DIR writes results (.nvg)");
        if (parsed.GetValue(_stages) && parsed.GetValue(_output) is null)
            throw new UsageException("--stages needs an image to write: -o FILE.png");
        string?[] outputs = [parsed.GetValue(_output), parsed.GetValue(_maps)];
        if (outputs.OfType<string>().Any(o => Path.GetFullPath(o) == Path.GetFullPath(path)))
            throw new UsageException($"{path} is read by this command: choose another output");
        TorchRuntime.Load();
        return ShowDocument(parsed, path, ImageDocument.Read(path));
    }

    // The scales that generators with distilled guidance accept.
    private static IEnumerable<string> Limits(GeneratorConfig sizes)
    {
        if (sizes.ContentGuidanceLimit is { } content)
            yield return $"of the content from 1 to {content:G7}";
        if (sizes.StructureGuidanceLimit is { } structure)
            yield return $"of the structure from 1 to {structure:G7}";
    }

    private int ShowModel(ParseResult parsed, ModelCard card)
    {
        if (parsed.GetValue(_output) is not null || parsed.GetValue(_stages) || parsed.GetValue(_maps) is not null)
            throw new UsageException($"{card.Folder} is a model: -o, --stages and --maps are for saved results");
        if (parsed.GetValue(_json))
        {
            MachineOutput.Write(card);
            return CommandRunner.Done;
        }

        ConsoleText.Print($"{card.Name}: {card.Kind} for images of {card.ImageSize} × {card.ImageSize}");
        ConsoleText.Print($"folder      {card.Folder} ({FolderSize(card.Folder) / 1e6:F1} MB)");
        if (card.Config is { } config)
        {
            LatentGrid grid = config.Tokenizer.Grid;
            ConsoleText.Print($"stages      {grid.StageCount}, on a grid of {grid.Height} × {grid.Width} positions");
            ConsoleText.Print($"codebook    {config.Tokenizer.CodebookSize:N0} codes of {config.Tokenizer.LatentChannels} channels");
        }

        if (card.VarConfig is { } ofVar)
        {
            ConsoleText.Print($"scales      {string.Join(' ', ofVar.Tokenizer.Scales)}");
            ConsoleText.Print($"codebook    {ofVar.Tokenizer.CodebookSize:N0} codes of {ofVar.Tokenizer.LatentChannels} channels");
        }

        if (card.Sampling is VarSamplingOptions options)
        {
            int last = card.VarConfig!.Tokenizer.Scales.Count - 1;
            ConsoleText.Print(
                $"sampling    guidance {Range(options.Guidance, last)}, top-k {options.TopK}, top-p {Range(options.TopP, last)}");
        }

        if (card.Sampling is SamplingOptions sampling)
        {
            int last = card.Config!.Tokenizer.Grid.LastStage;
            ConsoleText.Print($"sampling    guidance {Range(sampling.ContentGuidance, last)}, structure guidance "
                + $"{Range(sampling.StructureGuidance, last)}, "
                + $"top-p {Range(sampling.TopP, last)}, structure steps {sampling.StructureSteps}");
        }

        string[] limits = card.Config?.Generator is { } sizes ? [.. Limits(sizes)] : [];
        if (limits.Length > 0)
            ConsoleText.Print($"one pass    guidance is an input, {string.Join(", ", limits)}");

        const int shown = 12;
        string[] names = [.. card.Classes.Take(shown).Select(line => ClassLabel.Parse(line).Name)];
        if (names.Length > 0)
        {
            string more = card.Classes.Count > shown ? $", … (nvg classes {card.Folder})" : "";
            ConsoleText.Print($"classes     {card.Classes.Count}: {string.Join(", ", names)}{more}");
        }

        if (File.Exists(Path.Combine(card.Folder, "README.md")))
            ConsoleText.Print($"model card  {Path.Combine(card.Folder, "README.md")}");
        return CommandRunner.Done;
    }

    private static string Range(StageSchedule schedule, int lastStage) =>
        (schedule.At(0, lastStage), schedule.At(lastStage, lastStage)) is var (first, last)
            && first == last ? $"{first:G4}" : $"{first:G4} → {last:G4}";

    private static long FolderSize(string folder) => Directory.EnumerateFiles(folder).Sum(file => new FileInfo(file).Length);

    private int ShowDocument(ParseResult parsed, string path, ImageDocument document)
    {
        if (parsed.GetValue(_output) is { } output)
            WriteImage(output, parsed.GetValue(_stages) ? Stages(path, document,
                ModelFolder.Resolve(parsed.GetValue(_model))) : document.Image);
        LatentGrid grid = document.Sequence.Grid;
        if (parsed.GetValue(_maps) is { } maps)
            NpyArray.WriteLabelMaps(maps, document.Sequence.AllLabels.ToArray(), grid.StageCount, grid.Height, grid.Width);
        StageReport[] stages = [.. Enumerable.Range(0, grid.StageCount).Select(i => Stage(document, i))];
        string? other = OtherModel(parsed.GetValue(_model), document.Description);
        if (parsed.GetValue(_json))
            MachineOutput.Write(new Report(path, document.Description, document.Image.Width, document.Image.Height, other, stages));
        else
            Print(document, stages, other);
        return CommandRunner.Done;
    }

    // The model that --stages and --reference would use, if the result was not made with it; otherwise null.
    private static string? OtherModel(string? named, ImageDescription description)
    {
        string? folder = named is not null ? ModelFolder.Resolve(named) : ModelFolder.FromEnvironment() ?? ModelFolder.FindShipped();
        if (folder is null || !ModelFolder.IsModel(folder) || ModelCard.Read(folder).Config is not { } config)
            return named is null ? null : folder;
        // Large weights are read only if the name matches.
        return config.Name == description.Model && NvgModel.FingerprintOf(folder) == description.Fingerprint ? null : folder;
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
            stage, LatentGrid.ClusterCount(stage), grid.ClusterSize(stage), labels.Zip(tokens).Distinct().Count(),
            tokens.Distinct().Count(),
            stage == 0 ? 0 : Given(document.Given.Labels(stage)), Given(document.Given.Tokens(stage)));
    }

    private static void Print(ImageDocument document, IEnumerable<StageReport> stages, string? other)
    {
        ImageDescription d = document.Description;
        string fingerprint = d.Fingerprint[..Math.Min(12, d.Fingerprint.Length)];
        ConsoleText.Print($"{d.Label} (class {d.Class}), seed {d.Seed}, {document.Image.Width} × {document.Image.Height}, "
            + $"by {d.Model} ({fingerprint}), {d.Dtype}{(other is null ? "" : $"; that is not the model in {other}")}");
        if (d.Interpolation is { } end)
        {
            string target = $"{(end.Class is { } number ? $"class {number} " : "")}{(end.Seed is { } seed ? $"seed {seed}" : "")}";
            ConsoleText.Print($"interpolated: {end.Share:P0} of the way to {target}");
        }

        ConsoleTable.Write(
            ["stage", "clusters", "positions each", "tokens", "distinct codes", "labels given", "tokens given"],
            stages.Select(s => new[] { $"{s.Stage}", $"{s.Clusters}", $"{s.ClusterSize}", $"{s.Tokens}", $"{s.Codes}",
                $"{s.StructureGiven}", $"{s.ContentGiven}" }));
    }

    private sealed record StageReport(int Stage, int Clusters, int ClusterSize, int Tokens, int Codes, int StructureGiven,
        int ContentGiven);

    private sealed record Report(string File, ImageDescription Description, int Width, int Height, string? OtherModel,
        IReadOnlyList<StageReport> Stages);
}
