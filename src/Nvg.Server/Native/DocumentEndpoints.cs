using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Nvg.Conditioning;
using Nvg.Control;
using Nvg.Documents;
using Nvg.Granularity;
using Nvg.Imaging;
using Nvg.Previews;
using Nvg.Server.Models;
using Nvg.Server.Requests;
using Nvg.Server.Requests.Content;

namespace Nvg.Server.Native;

/// <summary>Opens documents and images, and shows their content stage by stage.</summary>
internal sealed class DocumentEndpoints
{
    private const string FilePart = "file";

    private readonly NvgServerOptions _options;
    private readonly ServedModels _models;
    private readonly ContentReader _contents;

    public DocumentEndpoints(NvgServerOptions options, ServedModels models, ContentReader contents) =>
        (_options, _models, _contents) = (options, models, contents);

    internal void Map(RouteGroupBuilder group) =>
        group.MapPost("/documents", (Delegate)OpenAsync).WithName("PostDocument").WithSummary("What is in a document or an image")
            .Accepts<IFormFile>("multipart/form-data", "*/*").Produces<DocumentAnswer>().ProducesProblem(400);

    private async Task<IResult> OpenAsync(HttpContext http)
    {
        DocumentAnswer answer = await _contents.ReadAsync(http, allowsRaw: true, content =>
        {
            content.RequireParts(FilePart);
            string? name = content.Fields.TryGetValue("model", out string? field) ? field : http.Request.Query["model"].FirstOrDefault();
            byte[] bytes = content.FileOf(FilePart) ?? throw RequestException.Field400(FilePart, "no file was given");
            ServedModel model = _models.Get(name);
            return UploadedImages.IsImage(bytes) ? OpenImage(model, bytes) : OpenDocument(ReferenceReader.ReadDocument(bytes, FilePart));
        }).ConfigureAwait(false);
        return Results.Json(answer, ServerJson.Options);
    }

    private DocumentAnswer OpenImage(ServedModel model, byte[] bytes)
    {
        RgbImage image = UploadedImages.DecodeSquare(bytes, FilePart, model.ImageSize, _options);
        using ReferenceSequence reference = ReferenceSequence.FromImage(model.Model.Tokenizer, image);
        IReadOnlyList<string?> previews = Previews(model, reference.Sequence, null, out RgbImage last);
        return new DocumentAnswer
        {
            Kind = "image",
            Latent = Latent(model.Model.Grid),
            Image = Url(image),
            Width = image.Width,
            Height = image.Height,
            Stages = Stages(reference.Sequence, PartialSequence.Empty(model.Model.Grid), previews),
            Psnr = ImageQuality.Psnr(last, image) is var psnr && double.IsFinite(psnr) ? psnr : null,
        };
    }

    private DocumentAnswer OpenDocument(ImageDocument document)
    {
        ImageDescription made = document.Description;
        ServedModel? model = _models.All.FirstOrDefault(m => IsOf(m, document));
        IReadOnlyList<string?> previews = model is null
            ? [.. Enumerable.Repeat<string?>(null, document.Sequence.Grid.StageCount)]
            : Previews(model, document.Sequence, document.Surroundings, out _);
        return new DocumentAnswer
        {
            Kind = "document",
            Model = model?.Name ?? made.Model,
            IsServed = model is not null,
            Class = made.Class,
            Label = made.Label,
            Seed = $"{made.Seed}",
            To = DocumentTarget.Of(made.Interpolation),
            Sampling = made.Sampling,
            Precision = made.Dtype,
            Device = $"{made.Device}".ToLowerInvariant(),
            Batch = made.Batch,
            Reproducible = model is not null && made.Dtype == model.Type && made.Device == model.Model.Device.Type
                && made.Batch == model.BatchSize,
            Latent = Latent(document.Sequence.Grid),
            Image = Url(document.Image),
            Width = document.Image.Width,
            Height = document.Image.Height,
            Mask = document.Surroundings?.Region.Inside.Select(inside => inside ? 1 : 0).ToArray(),
            Stages = Stages(document.Sequence, document.Given, previews),
        };
    }

    private static bool IsOf(ServedModel model, ImageDocument document)
    {
        try
        {
            document.RequireModel(FilePart, model.Model, model.Fingerprint);
            return true;
        }
        catch (NvgDataException)
        {
            return false;
        }
    }

    private static IReadOnlyList<string?> Previews(ServedModel model, PartialSequence sequence, KeptSurroundings? surroundings,
        out RgbImage last)
    {
        using GranularitySequence batch = PartialSequence.ToBatch([sequence], model.Model.Device);
        IReadOnlyList<StageImage> stages = StageImages.Draw(model.Model.Tokenizer, batch, [surroundings])[0];
        last = stages[^1].Canvas;
        return [.. stages.Select(s => Url(s.Canvas))];
    }

    private static DocumentStage[] Stages(PartialSequence sequence, PartialSequence given, IReadOnlyList<string?> previews) =>
        [.. Enumerable.Range(0, sequence.Grid.StageCount).Select(i => new DocumentStage(
            i, LatentGrid.ClusterCount(i), sequence.Labels(i).ToArray(), Content(sequence, i), Share(given.Labels(i), i == 0),
                Share(given.Tokens(i), false),
            previews[i]))];

    // One token per cluster, or one per position if a border gives a cluster two tokens.
    private static int[] Content(PartialSequence sequence, int stage)
    {
        int[] byCluster = new int[LatentGrid.ClusterCount(stage)];
        Array.Fill(byCluster, PartialSequence.Unknown);
        ReadOnlySpan<int> labels = sequence.Labels(stage), tokens = sequence.Tokens(stage);
        for (int l = 0; l < labels.Length; l++)
        {
            ref int token = ref byCluster[labels[l]];
            if (token != PartialSequence.Unknown && token != tokens[l])
                return tokens.ToArray();
            token = tokens[l];
        }

        return byCluster;
    }

    // The single label of stage 0 is always known, so it does not count.
    private static string Share(ReadOnlySpan<int> values, bool isTrivial) =>
        isTrivial || !values.ContainsAnyExcept(PartialSequence.Unknown) ? "none" : values.Contains(PartialSequence.Unknown) ? "part"
            : "all";

    private static LatentAnswer Latent(LatentGrid grid) => new(grid.Height, grid.Width);

    private static string Url(RgbImage image) => Base64Field.PngUrl(ImageFile.Encode(image, ImageFormat.Png));
}
