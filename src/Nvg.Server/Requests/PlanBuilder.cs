using Nvg.Documents;
using Nvg.Sampling;
using Nvg.Server.Jobs;
using Nvg.Server.Models;
using Nvg.Server.Requests.Bodies;
using Nvg.Server.Requests.Content;

namespace Nvg.Server.Requests;

/// <summary>
/// Turns a request into the images to compute, and checks everything that could fail later. An accepted request can be computed,
/// so it never spoils a pass that it shares with others.
/// </summary>
internal sealed class PlanBuilder
{
    private const double NoteworthyShare = 0.25;

    private readonly NvgServerOptions _options;
    private readonly ServedModels _models;
    private readonly ReferenceReader _references;

    public PlanBuilder(NvgServerOptions options, ServedModels models, ReferenceReader references) =>
        (_options, _models, _references) = (options, models, references);

    /// <summary>Reads a request.</summary>
    /// <param name="body">The request.</param>
    /// <param name="content">The files of the request.</param>
    /// <param name="client">The client that sent the request.</param>
    /// <exception cref="RequestException">A field is wrong; the message says which one and why.</exception>
    internal JobPlan Build(JobBody body, RequestContent content, string client)
    {
        ServedModel model = _models.Get(body.Model);
        return Build(model, body, content, _references.Read(model, body.Reference, content, client));
    }

    /// <summary>Reads a request whose reference has already been read.</summary>
    internal JobPlan Build(ServedModel model, JobBody body, RequestContent content, Reference? reference)
    {
        RequestedParts given = new GivenPartsReader(_options, model, body, content, reference).Read();
        ImageDocument? document = reference?.Document;
        SamplingOptions sampling = Sampling(model, body, document);
        IReadOnlyList<ImageRequest> images = [.. new ImageListReader(_options, model, body, document).Read()
            .Select(image => image with { Given = given.Given, Surroundings = given.Surroundings, Options = sampling })];
        RequireChange(body, document, given);
        foreach (ImageRequest image in images)
            image.AllGiven?.CheckTokens(model.Model.Config.Tokenizer.CodebookSize);
        return new JobPlan
        {
            Model = model,
            Images = images,
            Structure = given.Structure,
            Region = body.Mask is null && content.FileOf(MaskReader.Part) is null ? null : given.Surroundings,
            Notes = [.. Notes(model, body, document, given)],
            Previews = body.Previews,
            Detached = body.Detached,
            Deadline = Deadline(body.Deadline),
        };
    }

    private TimeSpan Deadline(double? seconds) => seconds is null ? _options.Deadline
        : seconds > 0 && seconds <= _options.Deadline.TotalSeconds ? TimeSpan.FromSeconds(seconds.Value)
        : throw RequestException.Field400("deadline", $"'deadline' must be between 0 and {_options.Deadline.TotalSeconds} seconds");

    private static SamplingOptions Sampling(ServedModel model, JobBody body, ImageDocument? document)
    {
        SamplingOptions defaults = document?.Description.Sampling ?? model.Model.Config.Sampling;
        SamplingOptions options = body.Sampling?.Over(defaults) ?? defaults;
        return options.Validate(model.Model.GeneratorConfig).FirstOrDefault() is { } problem
            ? throw RequestException.Field400("sampling", problem)
            : options;
    }

    // Without kept stages, an image of another class or seed would have nothing to do with the reference.
    private static void RequireChange(JobBody body, ImageDocument? document, RequestedParts given)
    {
        if (document is null || given.Given is { IsEmpty: false } || given.Structure is not null || body.Keep is not null)
            return;
        if (body.Class is not null || body.Seed is not null || body.Seeds is not null || body.Count > 1 || body.To is not null)
            throw RequestException.Field400("keep", "a class, seed or count other than the reference's needs 'keep', or a mask");
    }

    private static IEnumerable<string> Notes(ServedModel model, JobBody body, ImageDocument? document, RequestedParts given)
    {
        if (given.Structure is { } structure)
        {
            foreach (string note in StructureNotes(structure))
                yield return note;
        }

        if (body.Keep is { } keep && body.Mask is null && keep.Structure is 0 or 1 && keep.Content is null)
            yield return $"keep.structure {keep.Structure} has no effect: stage 0 is a single region";
        if (document?.Description is { } made && made.Batch != model.BatchSize)
        {
            yield return $"the reference was computed in batches of {made.Batch}, this server computes in batches of {model.BatchSize}: "
                + "pixels may differ by rounding";
        }
    }

    /// <summary>Notes about a drawn structure.</summary>
    internal static IEnumerable<string> StructureNotes(StructureMap structure)
    {
        if (structure.Stages.Count < 2)
        {
            yield return "the structure has a single region, so it has no effect: draw at least two tones or colours, or raise 'stages'";
            yield break;
        }

        int positions = structure.Grid.Length;
        foreach ((int stage, Control.StructureStage map) in structure.Stages.Index())
        {
            if (map.IsByPosition)
            {
                yield return $"the drawing of stage {stage} has a single tone, so its clusters are halved by position alone: "
                    + "draw light and dark parts";
            }

            int moved = map.Moved.Count(m => m);
            if (moved > NoteworthyShare * positions)
                yield return $"{moved} of {positions} positions had to move in stage {stage}, to make the clusters equal";
        }
    }
}
