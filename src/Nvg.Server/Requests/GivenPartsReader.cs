using Nvg.Conditioning;
using Nvg.Control;
using Nvg.Documents;
using Nvg.Granularity;
using Nvg.Granularity.Construction;
using Nvg.Server.Models;
using Nvg.Server.Requests.Bodies;
using Nvg.Server.Requests.Content;

namespace Nvg.Server.Requests;

/// <summary>Combines structure, reference, mask and kept stages of a request, as <c>nvg generate</c> combines its options.</summary>
/// <param name="options">Limits.</param>
/// <param name="model">The model; borrowed.</param>
/// <param name="body">The request.</param>
/// <param name="content">Its files.</param>
/// <param name="reference">Its reference, or null.</param>
internal sealed class GivenPartsReader(NvgServerOptions options, ServedModel model, JobBody body, RequestContent content,
    Reference? reference)
{
    private LatentGrid Grid => model.Model.Grid;

    /// <summary>Reads them.</summary>
    /// <exception cref="RequestException">One is unusable, or they contradict each other.</exception>
    internal GivenParts Read()
    {
        StructureMap? drawn = StructureReader.Read(options, model, body.Structure, content, body.Construction);
        KeptParts? keep = KeptParts.Read(body.Keep, Grid.StageCount);
        if (reference is null)
        {
            return keep is not null ? throw Wrong("keep", "'keep' needs a reference")
                : body.Mask is not null || content.FileOf(MaskReader.Part) is not null ? throw Wrong("mask", "a mask needs a reference")
                : new GivenParts(drawn?.ToSequence(), null, drawn);
        }

        RegionMask? mask = MaskReader.Read(body.Mask, content, reference, Grid, options);
        Check(keep, mask, drawn);
        try
        {
            return new GivenParts(Kept(keep, mask, drawn), Surroundings(mask, drawn), drawn);
        }
        catch (ArgumentException error)
        {
            throw Wrong("keep", error.Message, error);
        }
    }

    private void Check(KeptParts? keep, RegionMask? mask, StructureMap? drawn)
    {
        if (mask is null && keep is null && reference!.Document is null)
            throw Wrong("keep", "an image as reference needs 'keep', or a mask");
        if (mask is not null && drawn is not null)
            throw Wrong("mask", "a mask keeps the structure of the reference: leave out 'structure'");
        if (drawn is not null && keep?.Structure is not null)
            throw Wrong("keep.structure", "'structure' and the structure of the reference exclude each other: keep only content");
    }

    private PartialSequence? Kept(KeptParts? keep, RegionMask? mask, StructureMap? drawn)
    {
        ImageDocument? document = reference!.Document;
        using ReferenceSequence own = Sequence();
        if (drawn is not null)
            return Along(own, keep, drawn);
        // Inside a mask the first token sets the tone, and it is chosen before the surroundings are seen.
        int content = keep?.ContentStages ?? (mask is null ? 0 : 1);
        int structure = keep?.Structure ?? (keep is null && mask is not null ? 1 : content);
        PartialSequence kept = keep?.Of(own.Sequence, structure) ?? own.Sequence.Keep(structure, content);
        if (mask is not null)
            return Around(own.Sequence, kept, mask);
        // Whatever was given to the earlier result stays given.
        return document is null ? kept : kept.WithFallback(document.Given).With(document.Given.Border);
    }

    private PartialSequence Around(PartialSequence sequence, PartialSequence inside, RegionMask mask)
    {
        BorderRule border = body.Mask?.Border ?? BorderRule.Split;
        PartialSequence kept = sequence.Where([.. mask.Inside.Select(i => !i)]).WithFallback(inside).With(border);
        return !kept.IsComplete ? kept : throw Wrong("keep", "the mask leaves nothing to generate: keep fewer stages inside");
    }

    private static PartialSequence Along(ReferenceSequence own, KeptParts? keep, StructureMap drawn)
    {
        PartialSequence structure = drawn.ToSequence();
        if (keep is null || keep.Content.Count == 0)
            return structure;
        if (keep.ContentStages > structure.StructureStages)
        {
            throw Wrong(
                "keep.content", $"content of {keep.ContentStages} stages needs their structure, {structure.StructureStages} are given");
        }

        return keep.Of(own.EncodeAlong(structure), structure.StructureStages);
    }

    private ReferenceSequence Sequence()
    {
        if (reference!.Document is { } document)
            return ReferenceSequence.FromSequence(model.Model.Tokenizer, document.Sequence);
        using IStructureStrategy? strategy = StructureReader.Strategy(body.Construction);
        return ReferenceSequence.FromImage(model.Model.Tokenizer, reference.Image, strategy);
    }

    // A new structure discards the surroundings of an earlier region.
    private KeptSurroundings? Surroundings(RegionMask? mask, StructureMap? drawn) =>
        mask is not null ? new KeptSurroundings(mask, reference!.Image) : drawn is null ? reference!.Document?.Surroundings : null;

    private static RequestException Wrong(string field, string message, Exception? cause = null) =>
        RequestException.Field400(field, message, cause);
}
