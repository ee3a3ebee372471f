using Nvg.Documents;
using Nvg.Server.Jobs;
using Nvg.Server.Models;
using Nvg.Server.Requests.Bodies;
using Nvg.Server.Requests.Content;

namespace Nvg.Server.Requests;

/// <summary>Reads the reference of a request: an upload, or a result that is still on the server.</summary>
internal sealed class ReferenceReader
{
    internal const string Part = "reference";

    private readonly NvgServerOptions _options;
    private readonly JobStore _jobs;

    public ReferenceReader(NvgServerOptions options, JobStore jobs) => (_options, _jobs) = (options, jobs);

    /// <summary>The reference, or null if the request has none.</summary>
    /// <exception cref="RequestException">The reference is unusable, or belongs to another model.</exception>
    internal Reference? Read(ServedModel model, ReferenceBody? body, RequestContent content, string client)
    {
        byte[]? file = content.FileOf(Part);
        int sources = (file is null ? 0 : 1) + (body?.Image is null ? 0 : 1) + (body?.Job is null ? 0 : 1);
        if (sources == 0 && body is null)
            return null;
        if (sources != 1)
            throw RequestException.Field400(Part, "the reference needs exactly one source: image, job, or a file");
        return body?.Job is { } id ? FromJob(model, id, body.Index, client)
            : FromBytes(model, file ?? Base64Field.Read(body!.Image!, "reference.image"));
    }

    /// <summary>Reads an upload.</summary>
    /// <exception cref="RequestException">The reference is unusable, or belongs to another model.</exception>
    internal Reference FromBytes(ServedModel model, byte[] bytes)
    {
        if (!UploadedImages.IsImage(bytes))
            return OfDocument(model, ReadDocument(bytes, Part));
        return new Reference(UploadedImages.DecodeSquare(bytes, Part, model.ImageSize, _options), null);
    }

    /// <summary>Reads a document.</summary>
    /// <exception cref="RequestException">The bytes are not a document, or the document is damaged.</exception>
    internal static ImageDocument ReadDocument(byte[] bytes, string field)
    {
        try
        {
            return ImageDocument.Read(bytes, field);
        }
        catch (NvgDataException error)
        {
            throw RequestException.Field400(field, $"neither PNG, JPEG, WebP nor a document: {error.Message}", error);
        }
    }

    private Reference FromJob(ServedModel model, string id, int index, string client)
    {
        Job job = _jobs.Get(id, client);
        GeneratedImage result = index >= 0 && index < job.Images.Count && job.Images[index].Result is { } done
            ? done
            : throw RequestException.Field400("reference.index", "this image of the job does not exist or is not completed");
        return OfDocument(model, ImageDocument.Of(job.Plan.Model.Model, job.Plan.Model.Fingerprint, result, job.Plan.Model.Type));
    }

    private static Reference OfDocument(ServedModel model, ImageDocument document)
    {
        try
        {
            document.RequireModel(Part, model.Model, model.Fingerprint);
        }
        catch (NvgDataException)
        {
            // The message of the command would name folders of the server.
            throw RequestException.Field400(Part,
                $"the reference was made by a different model ({document.Description.Model}) than {model.Name}");
        }

        return new Reference(document.Image, document);
    }
}
