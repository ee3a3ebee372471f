using Nvg.Cli.Terminal;
using Nvg.Conditioning;
using Nvg.Control;
using Nvg.Documents;
using Nvg.Granularity.Construction;
using Nvg.Imaging;
using Nvg.Pretrained;

namespace Nvg.Cli.Arguments.Steering;

/// <summary>Reads the files named in a <see cref="ControlRequest"/> and makes structure and content for the images.</summary>
internal sealed class GivenRowsReader
{
    // If a larger share of positions had to move, the user should check the drawing.
    private const double NoteworthyShare = 0.25;

    private readonly ControlRequest _request;
    private readonly NvgModel _model;
    private readonly ImageDocument? _document;
    private StructureKind _readAs;

    private GivenRowsReader(ControlRequest request, NvgModel model, ImageDocument? document) =>
        (_request, _model, _document) = (request, model, document);

    /// <summary>Reads the files.</summary>
    /// <param name="request">The options.</param>
    /// <param name="model">The model; borrowed.</param>
    /// <param name="document">The reference if it is a saved result, or null.</param>
    /// <returns>One row per number of kept stages; one empty row if nothing is given.</returns>
    /// <exception cref="UsageException">The model has fewer stages.</exception>
    /// <exception cref="NvgDataException">A file is unusable.</exception>
    internal static GivenRows Read(ControlRequest request, NvgModel model, ImageDocument? document)
    {
        try
        {
            var reader = new GivenRowsReader(request, model, document);
            GivenRows rows = reader.Read();
            reader.NoteReading();
            return rows;
        }
        catch (ArgumentException error)
        {
            throw new UsageException(error.Message);
        }
    }

    /// <summary>Prints how much of a drawing had to move, and draws it if requested.</summary>
    internal static void Explain(ControlRequest request, StructureMap? plan)
    {
        if (plan is null)
            return;
        if (request.Explain is not null)
            ImageFile.Write(request.Explain, plan.Draw());
        if (plan.Stages.Count < 2)
        {
            ConsoleText.Note("note: the structure has a single region, so it has no effect; draw at least two tones or colours, "
                + "or raise --structure-stages");
            return;
        }

        int[] flat = [.. Enumerable.Range(0, plan.Stages.Count).Where(i => plan.Stages[i].IsByPosition)];
        if (flat.Length > 0)
        {
            string where = flat.Length == 1 ? $"drawing of stage {flat[0]} has" : $"drawings of stages {string.Join(", ", flat)} have";
            ConsoleText.Note($"note: the {where} a single tone, so regions are halved by position alone; draw light and dark parts");
        }

        int[] moved = [.. plan.Stages.Select(s => s.Moved.Count(m => m))];
        // Finished maps are used as they are.
        if (request.Explain is null && moved.All(count => count == 0))
            return;
        int positions = plan.Grid.Length;
        string stages = string.Join(", ", moved.Skip(1).Select((count, i) => $"{count} of {positions} in stage {i + 1}"));
        // The image has no captions, because text would depend on the fonts of the machine.
        string more = request.Explain is { } file
            ? $"; drawn in {file}: from top to bottom the drawing, the structure used, and the moved positions in "
                + "white; one column per stage"
            : moved.Any(count => count > NoteworthyShare * positions) ? "; --explain FILE.png shows them"
            : "";
        ConsoleText.Note($"structure: positions moved to make the halves equal: {stages}{more}");
    }

    private GivenRows Read()
    {
        StructureMap? plan = ReadStructure();
        if (_request.Reference is not { } path)
            return new GivenRows([(null, plan?.ToSequence())], plan, null);
        _document?.RequireModel(path, _model, _model.Fingerprint());
        using IStructureStrategy? construction = _request.Construction?.Create(VisionTransformer.LoadFeatures);
        using Continuation reference = _document is null
            ? Continuation.Of(_model.Tokenizer, SquareImage.Read(path, _model.Config.Tokenizer.ImageSize), construction)
            : Continuation.Of(_model.Tokenizer, _document);
        RegionMask? mask = ReadMask();
        NoteWithoutEffect();
        IReadOnlyList<int> stages = _request.Stages;
        GivenParts[] rows = [.. stages.Select(count => Given(reference, count, plan, mask))];
        return new GivenRows(
            [.. stages.Zip(rows, (count, row) => (stages.Count > 1 ? $"keep{count}" : null, (PartialSequence?)row.Sequence))],
            plan, rows[0].Surroundings);
    }

    private GivenParts Given(Continuation reference, int stages, StructureMap? plan, RegionMask? mask)
    {
        StageSelection kept = StageSelection.First(_request.Part, stages);
        return mask is not null ? reference.Redo(mask, kept, _request.Border ?? BorderRule.Split)
            : plan is not null ? reference.Follow(plan, kept)
            : reference.Keep(kept);
    }

    // Stage 0 is a single region, so structure has an effect only from the second kept stage on.
    private void NoteWithoutEffect()
    {
        if (_request.Mask is not null || _request.KeepStages is not { } stages)
            return;
        int effective = _request.Part == KeptPart.Structure ? 2 : 1;
        string[] idle = [.. stages.Where(m => m < effective).Select(m => $"{m}")];
        if (idle.Length > 0 && (_document is null || _document.Given.IsEmpty))
        {
            string reason = _request.Part == KeptPart.Structure ? "stage 0 is a single region" : "no stage is kept";
            ConsoleText.Note($"note: --keep-stages {string.Join(", ", idle)} has no effect ({reason})");
        }
    }

    private StructureMap? ReadStructure()
    {
        if (_request.Structures.Count == 0)
            return null;
        if (_request.Kind != StructureKind.Image)
        {
            return _model.Structure.Read(
                _request.Structures, _request.Kind ?? StructureKind.Auto, _request.StructureStages, out _readAs);
        }

        using IStructureStrategy? construction = _request.Construction?.Create(VisionTransformer.LoadFeatures);
        return _model.Structure.FromImage(_request.Structures[0], _request.StructureStages!.Value, construction);
    }

    // Printed only after everything was accepted, because an error must be a single line.
    private void NoteReading()
    {
        string? photograph = _document is null ? _request.Reference : null;
        Framing.Note(_request.Structures.Append(photograph).Append(_request.Mask).OfType<string>());
        if (_request.Kind is not null || _request.Structures is not [var path] || !ImageFile.HasImageName(path))
            return;
        string reading = _readAs == StructureKind.Labels
            ? "has flat colours, read as regions (--structure-kind labels)"
            : "is read by its brightness (--structure-kind brightness)";
        ConsoleText.Note($"structure: {path} {reading}");
    }

    private RegionMask? ReadMask() => _request.Mask is { } path
        ? RegionMask.FromImage(ImageFile.Read(path), _model.Tokenizer.Config.Grid, _request.Outside)
        : null;
}
