using Nvg.Conditioning;
using Nvg.Control;
using Nvg.Documents;
using Nvg.Granularity;
using Nvg.Granularity.Construction;
using Nvg.Server.Models;
using Nvg.Server.Requests.Bodies;
using Nvg.Server.Requests.Content;

namespace Nvg.Server.Requests;

/// <summary>Combines structure, reference, mask and kept stages of a request, as <c>nvg generate</c> does with its options.</summary>
/// <param name="options">Limits.</param>
/// <param name="model">The model; borrowed.</param>
/// <param name="body">The request.</param>
/// <param name="content">The files of the request.</param>
/// <param name="reference">The reference of the request, or null.</param>
internal sealed class GivenPartsReader(NvgServerOptions options, ServedModel model, JobBody body, RequestContent content,
    Reference? reference)
{
    private LatentGrid Grid => model.Model.Grid;

    /// <summary>Reads the given parts.</summary>
    /// <exception cref="RequestException">A part is unusable, or parts contradict each other.</exception>
    internal RequestedParts Read()
    {
        StructureMap? drawn = StructureReader.Read(options, model, body.Structure, content, body.Construction);
        KeptParts? keep = KeptParts.Read(body.Keep, Grid.StageCount);
        if (reference is null)
        {
            return keep is not null ? throw Wrong("keep", "'keep' needs a reference")
                : body.Mask is not null || content.FileOf(MaskReader.Part) is not null ? throw Wrong("mask", "a mask needs a reference")
                : new RequestedParts(drawn?.ToSequence(), null, drawn);
        }

        RegionMask? mask = MaskReader.Read(body.Mask, content, reference, Grid, options);
        Check(keep, mask, drawn);
        try
        {
            using Continuation continuation = Continue();
            GivenParts given = mask is not null ? continuation.Redo(mask, Inside(keep), body.Mask?.Border ?? BorderRule.Split)
                : drawn is not null ? continuation.Follow(drawn, Stages(keep))
                : continuation.Keep(Stages(keep));
            return new RequestedParts(given.Sequence, given.Surroundings, drawn);
        }
        catch (ArgumentException error)
        {
            throw Wrong(drawn is null ? "keep" : "keep.content", error.Message, error);
        }
    }

    private void Check(KeptParts? keep, RegionMask? mask, StructureMap? drawn)
    {
        if (mask is null && keep is null && reference!.Document is null)
            throw Wrong("keep", "an image as reference needs 'keep', or a mask");
        if (mask is not null && drawn is not null)
            throw Wrong("mask", "a mask keeps the structure of the reference: omit 'structure'");
        if (drawn is not null && keep?.Structure is not null)
            throw Wrong("keep.structure", "'structure' and the structure of the reference cannot be combined: keep only content");
    }

    private static StageSelection Stages(KeptParts? keep) =>
        keep is null ? new StageSelection(0, []) : new StageSelection(keep.Structure ?? keep.ContentStages, keep.Content);

    // Inside a mask, the first token sets the tone, and it would be chosen before the surroundings are seen.
    private static StageSelection Inside(KeptParts? keep) => keep is null ? new StageSelection(1, [0]) : Stages(keep);

    private Continuation Continue()
    {
        if (reference!.Document is { } document)
            return Continuation.Of(model.Model.Tokenizer, document);
        using IStructureStrategy? strategy = StructureReader.Strategy(body.Construction);
        return Continuation.Of(model.Model.Tokenizer, reference.Image, strategy);
    }

    private static RequestException Wrong(string field, string message, Exception? cause = null) =>
        RequestException.Field400(field, message, cause);
}
