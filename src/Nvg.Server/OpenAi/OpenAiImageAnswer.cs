using Nvg.Imaging;
using Nvg.Server.Jobs;
using Nvg.Server.Native;

namespace Nvg.Server.OpenAi;

/// <summary>Writes results in the format that OpenAI's clients read.</summary>
internal static class OpenAiImageAnswer
{
    private const string Quality = "auto", Background = "opaque";

    /// <summary>The response for a completed job.</summary>
    /// <param name="job">The job.</param>
    /// <param name="request">The request.</param>
    /// <param name="origin">Scheme and host of this server, for URLs.</param>
    internal static Dictionary<string, object> Of(Job job, OpenAiImageRequest request, string origin) => new(About(job, request))
    {
        ["data"] = job.Images.Select(image => Entry(job, image, request, origin)).ToArray(),
        ["usage"] = Usage(job),
    };

    /// <summary>The event of an unfinished image.</summary>
    internal static Dictionary<string, object> Partial(Job job, OpenAiImageRequest request, byte[] png, int index, string type) =>
        new(About(job, request))
        {
            ["type"] = type,
            ["b64_json"] = Encode(ImageFile.Decode(png, "preview"), request),
            ["partial_image_index"] = index,
        };

    /// <summary>The event of the finished image.</summary>
    internal static Dictionary<string, object> Completed(Job job, OpenAiImageRequest request, string type)
    {
        var completed = new Dictionary<string, object>(About(job, request)) { ["type"] = type, ["usage"] = Usage(job) };
        foreach ((string key, object value) in Entry(job, job.Images[0], request with { WantsUrl = false }, ""))
            completed[key] = value;
        return completed;
    }

    private static Dictionary<string, object> About(Job job, OpenAiImageRequest request)
    {
        int side = job.Plan.Model.ImageSize * request.Extension.Scale;
        long seconds = job.Created.ToUnixTimeSeconds();
        return new Dictionary<string, object>
        {
            ["created"] = seconds,
            ["created_at"] = seconds,
            ["size"] = $"{side}x{side}",
            ["quality"] = Quality,
            ["background"] = Background,
            ["output_format"] = $"{request.Format}".ToLowerInvariant(),
        };
    }

    private static Dictionary<string, object> Entry(Job job, JobImage image, OpenAiImageRequest request, string origin)
    {
        GeneratedImage result = image.Result!;
        var entry = new Dictionary<string, object> { ["seed"] = $"{image.Request.Seed}", ["class"] = image.Label };
        if (request.WantsUrl)
            entry["url"] = $"{origin}{Link(job, image.Index, request)}";
        else
            entry["b64_json"] = Encode(result.Image, request);
        if (request.Extension.Document)
            entry["nvg"] = Convert.ToBase64String(ImageAnswer.Document(job.Plan.Model, result));
        return entry;
    }

    private static string Link(Job job, int index, OpenAiImageRequest request)
    {
        string extension = request.Format == ImageFormat.Jpeg ? "jpg" : $"{request.Format}".ToLowerInvariant();
        string scale = request.Extension.Scale > 1 ? $"?scale={request.Extension.Scale}" : "";
        return $"{job.Links.Self}/images/{index}.{extension}{scale}";
    }

    private static string Encode(RgbImage image, OpenAiImageRequest request) =>
        Convert.ToBase64String(ImageFile.Encode(ImageAnswer.Enlarged(image, request.Extension.Scale), request.Format));

    // An image token is a codebook token; tokens that were given do not count, because they were not sampled.
    private static object Usage(Job job)
    {
        int drawn = job.Images.Sum(i => i.Result!.DrawnTokens);
        return new
        {
            input_tokens = 0,
            output_tokens = drawn,
            total_tokens = drawn,
            input_tokens_details = new { text_tokens = 0, image_tokens = 0 },
            output_tokens_details = new { text_tokens = 0, image_tokens = drawn },
        };
    }
}
