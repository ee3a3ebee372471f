using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Nvg.Documents;
using Nvg.Imaging;
using Nvg.Server.Jobs;
using Nvg.Server.Models;

namespace Nvg.Server.Native;

/// <summary>Encodes results in the format that a client requests.</summary>
internal static class ImageAnswer
{
    internal const string DocumentType = "application/vnd.nvg";

    private static readonly (string Extension, string Type, ImageFormat? Format)[] Formats =
    [
        ("png", "image/png", ImageFormat.Png), ("jpg", "image/jpeg", ImageFormat.Jpeg), ("webp", "image/webp", ImageFormat.WebP),
        ("nvg", DocumentType, null),
    ];

    /// <summary>The format of an extension, or one that the client accepts.</summary>
    /// <exception cref="RequestException">There is no such format (404, 406).</exception>
    internal static (string Extension, string Type, ImageFormat? Format) FormatOf(HttpRequest request, string? extension)
    {
        if (extension is not null)
        {
            string name = extension.Equals("jpeg", StringComparison.OrdinalIgnoreCase) ? "jpg" : extension;
            return Array.Find(Formats, f => f.Extension.Equals(name, StringComparison.OrdinalIgnoreCase)) is { Type: not null } found
                ? found
                : throw RequestException.NotFound("there is no such format: use png, jpg, webp or nvg");
        }

        IList<MediaTypeHeaderValue> accepted = request.GetTypedHeaders().Accept;
        if (accepted.Count == 0)
            return Formats[0];
        foreach (MediaTypeHeaderValue media in accepted.OrderByDescending(a => a.Quality ?? 1))
        {
            if (Array.Find(Formats, f => new MediaTypeHeaderValue(f.Type).IsSubsetOf(media)) is { Type: not null } found)
                return found;
        }

        throw new RequestException(406, "results are image/png, image/jpeg, image/webp or application/vnd.nvg");
    }

    /// <summary>The encoded result.</summary>
    internal static IResult Of(HttpContext http, Job job, JobImage image, GeneratedImage result, string? extension, int largestScale)
    {
        (string name, string type, ImageFormat? format) = FormatOf(http.Request, extension);
        int scale = Scale(http.Request, largestScale);
        byte[] bytes = format is { } pixels ? ImageFile.Encode(Enlarged(result.Image, scale), pixels) : Document(job.Plan.Model, result);
        http.Response.Headers.CacheControl = "private, max-age=86400, immutable";
        string? download = http.Request.Query.ContainsKey("download") ? $"{FileName(image.Label)}-{image.Request.Seed}.{name}" : null;
        return Results.Bytes(bytes, type, download);
    }

    /// <summary>A preview.</summary>
    internal static IResult OfPreview(HttpContext http, byte[] png, int largestScale)
    {
        int scale = Scale(http.Request, largestScale);
        http.Response.Headers.CacheControl = "private, max-age=86400, immutable";
        return Results.Bytes(
            scale == 1 ? png : ImageFile.Encode(Enlarged(ImageFile.Decode(png, "preview"), scale), ImageFormat.Png), "image/png");
    }

    /// <summary>The document of a result.</summary>
    internal static byte[] Document(ServedModel model, GeneratedImage result) =>
        ImageDocument.Of(model.Model, model.Fingerprint, result, model.Type).ToBytes();

    /// <summary>An enlarged image, each pixel of which becomes a square.</summary>
    internal static RgbImage Enlarged(RgbImage image, int scale) => scale == 1 ? image : image.Enlarge(scale);

    private static int Scale(HttpRequest request, int largest)
    {
        string text = request.Query["scale"].ToString();
        if (text.Length == 0)
            return 1;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int scale) && scale >= 1 && scale <= largest
            ? scale
            : throw RequestException.Field400("scale", $"'scale' must be a whole number from 1 to {largest}");
    }

    private static string FileName(string label) => string.Concat(label.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-'));
}
