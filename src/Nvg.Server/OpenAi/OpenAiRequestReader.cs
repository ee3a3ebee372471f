using System.Text.Json;
using System.Text.RegularExpressions;
using Nvg.Conditioning;
using Nvg.Control;
using Nvg.Imaging;
using Nvg.Labels;
using Nvg.Server.Jobs;
using Nvg.Server.Models;
using Nvg.Server.Requests;
using Nvg.Server.Requests.Bodies;
using Nvg.Server.Requests.Content;

namespace Nvg.Server.OpenAi;

/// <summary>Translates requests of OpenAI's API into jobs.</summary>
internal sealed partial class OpenAiRequestReader
{
    private const int LongestPrompt = 32_000, MostImages = 10, MostPartialImages = 16, EditStages = 4, MostFiles = 16;
    private const string Png = "png", Jpeg = "jpeg", WebP = "webp", Image = "image", ImageArray = "image[]";

    private readonly NvgServerOptions _options;
    private readonly ServedModels _models;
    private readonly PlanBuilder _plans;
    private readonly ReferenceReader _references;

    public OpenAiRequestReader(NvgServerOptions options, ServedModels models, PlanBuilder plans, ReferenceReader references) =>
        (_options, _models, _plans, _references) = (options, models, plans, references);

    /// <summary>Reads a request for new images.</summary>
    internal (OpenAiImageRequest Request, JobPlan Plan) ReadGeneration(RequestContent content, string client)
    {
        OpenAiImageRequest request = Read(OpenAiFields.Read(content), content);
        ServedModel model = Model(request.Model);
        JobBody body = Body(request, model);
        return (request, _plans.Build(body with { Model = model.Name }, content with { Files = [] }, client));
    }

    /// <summary>
    /// Reads a request to edit an image: the masked region if there is a mask, otherwise the whole image with another class and
    /// the same structure.
    /// </summary>
    internal (OpenAiImageRequest Request, JobPlan Plan) ReadEdit(RequestContent content)
    {
        OpenAiImageRequest request = Read(OpenAiFields.Read(content), content);
        ServedModel model = Model(request.Model);
        byte[][] images = [.. content.Files.Where(f => f.Part is Image or ImageArray).Select(f => f.Bytes)];
        if (images.Length is 0 or > MostFiles)
            throw RequestException.Field400(Image, $"an edit needs an image, and takes {MostFiles} at most");
        Reference reference = _references.FromBytes(model, images[0]);
        JobBody body = Body(request, model);
        RequestContent files = content with { Files = [] };
        if (body.Reference is not null)
            throw RequestException.Field400("nvg.reference", "the reference of an edit is its image");
        if (body.Mask is null)
            body = body with { Mask = Mask(content, images[0], reference, model) };
        if (body.Mask is null && body.Keep is null && body.Structure is null)
            body = body with { Keep = new KeepBody { Structure = Math.Min(EditStages, model.StageCount - 1) } };
        return (request, _plans.Build(model, body, files, reference));
    }

    /// <summary>The model with a name.</summary>
    /// <exception cref="RequestException">There is no such model (404).</exception>
    internal ServedModel Model(string? name)
    {
        if (_models.Find(name is { Length: > 0 } ? name : null) is { } model)
            return model;
        return _options.ModelAliases && FixedNames().IsMatch(name!)
            ? _models.Default
            : throw new RequestException(404, _models.Unknown(name!)) { Field = "model", Code = "model_not_found" };
    }

    private static OpenAiImageRequest Read(OpenAiFields fields, RequestContent content)
    {
        string prompt = fields.Text("prompt") ?? "";
        if (prompt.Length > LongestPrompt)
            throw RequestException.Field400("prompt", $"the prompt has {prompt.Length} characters; at most {LongestPrompt} are accepted");
        CheckSize(fields.Text("size"));
        // These fields have no effect here, but their types are checked.
        _ = (fields.Number("output_compression", 0, 100), fields.Text("quality"), fields.Text("background"), fields.Text("moderation"),
            fields.Text("user"), fields.Text("style"), fields.Text("safety_identifier"), fields.Text("input_fidelity"));
        bool stream = fields.Flag("stream");
        int count = fields.Number("n", 1, MostImages) ?? 1;
        if (stream && count > 1)
            throw RequestException.Field400("n", "a stream has one image: ask for n = 1");
        string? format = fields.Word("output_format", Png, Jpeg, WebP);
        return new OpenAiImageRequest
        {
            Prompt = prompt,
            Model = fields.Text("model"),
            Count = count,
            Format = format == Jpeg ? ImageFormat.Jpeg : format == WebP ? ImageFormat.WebP : ImageFormat.Png,
            WantsUrl = fields.Word("response_format", "url", "b64_json") == "url",
            Stream = stream,
            PartialImages = fields.Number("partial_images", 0, MostPartialImages) ?? 0,
            Seed = fields.Any("seed"),
            Extension = fields.Object<OpenAiExtension>("nvg"),
        };
    }

    private JobBody Body(OpenAiImageRequest request, ServedModel model)
    {
        OpenAiExtension extension = request.Extension;
        if (extension.Scale < 1 || extension.Scale > _options.LargestScale)
            throw RequestException.Field400("nvg.scale", $"'nvg.scale' must be a whole number from 1 to {_options.LargestScale}");
        return new JobBody
        {
            Class = extension.Class ?? JsonSerializer.SerializeToElement(ClassOf(request.Prompt, model)),
            Count = request.Count,
            Seed = request.Seed ?? JsonSerializer.SerializeToElement(SeedField.Draw()),
            To = extension.To,
            Structure = extension.Structure,
            Construction = extension.Construction,
            Reference = extension.Reference,
            Keep = extension.Keep,
            Mask = extension.Mask,
            Sampling = extension.Sampling,
            Previews = request is { Stream: true, PartialImages: > 0 },
        };
    }

    /// <summary>The class that a prompt names.</summary>
    /// <exception cref="RequestException">It names no class, or several.</exception>
    internal static int ClassOf(string prompt, ServedModel model)
    {
        try
        {
            return model.Model.Classes.FindIn(prompt);
        }
        catch (ClassNameException error)
        {
            RequestException unknown = ClassField.Unknown(error, "prompt");
            throw RequestException.Field400("prompt", $"the prompt must name one class of the model: {unknown.Message}", error);
        }
    }

    // OpenAI's masks mark the region to regenerate as transparent, ours as white. Editors without transparency also use white.
    // Without a mask, the transparency of the image itself counts.
    private MaskBody? Mask(RequestContent content, byte[] image, Reference reference, ServedModel model)
    {
        byte[]? file = content.FileOf(MaskReader.Part);
        RgbImage? mask = file is not null
            ? UploadedImages.DecodeTransparency(file, MaskReader.Part, _options) ?? UploadedImages.Decode(file, MaskReader.Part, _options)
            : reference.Document is null ? UploadedImages.DecodeTransparency(image, Image, _options) : null;
        if (mask is null || (file is null && !mask.Pixels.AsSpan().ContainsAnyExcept((byte)0)))
            return null;
        try
        {
            RegionMask region = RegionMask.FromImage(mask, model.Model.Grid);
            return new MaskBody { Positions = [.. region.Inside.Select(inside => inside ? 1 : 0)], Border = BorderRule.Split };
        }
        catch (ArgumentException error)
        {
            throw RequestException.Field400(MaskReader.Part, error.Message, error);
        }
    }

    // The size is always the model's size, and the response reports it.
    private static void CheckSize(string? size)
    {
        if (size is not null && size != "auto" && !Sizes().IsMatch(size))
            throw RequestException.Field400("size", "'size' must be auto or WIDTHxHEIGHT, such as 256x256");
    }

    [GeneratedRegex("^[1-9][0-9]{0,4}x[1-9][0-9]{0,4}$", RegexOptions.CultureInvariant)]
    private static partial Regex Sizes();

    [GeneratedRegex("^(dall-e|gpt-image)[a-z0-9.-]*$", RegexOptions.CultureInvariant)]
    private static partial Regex FixedNames();
}
