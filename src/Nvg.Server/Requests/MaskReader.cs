using Nvg.Control;
using Nvg.Granularity;
using Nvg.Imaging;
using Nvg.Server.Requests.Bodies;
using Nvg.Server.Requests.Content;

namespace Nvg.Server.Requests;

/// <summary>Reads the mask of a request.</summary>
internal static class MaskReader
{
    internal const string Part = "mask";

    /// <summary>Returns the region to regenerate, or null if there is no mask.</summary>
    /// <param name="body">The mask in JSON, or null.</param>
    /// <param name="content">Content of the request, which may include the mask as a file.</param>
    /// <param name="reference">The reference that the mask applies to, or null.</param>
    /// <param name="grid">The latent positions.</param>
    /// <param name="options">Limits.</param>
    /// <exception cref="RequestException">The mask is unusable or leaves nothing to regenerate, or there is no reference.</exception>
    internal static RegionMask? Read(MaskBody? body, RequestContent content, Reference? reference, LatentGrid grid,
        NvgServerOptions options)
    {
        byte[]? file = content.FileOf(Part);
        if (file is null && body is null)
            return null;
        if (reference is null)
            throw RequestException.Field400(Part, "a mask needs a reference");
        int sources = (file is null ? 0 : 1) + (body?.Image is null ? 0 : 1) + (body?.Positions is null ? 0 : 1);
        if (sources != 1)
            throw RequestException.Field400(Part, "the mask needs exactly one source: positions, image, or a file");
        bool outside = body?.Outside ?? false;
        try
        {
            if (body?.Positions is { } positions)
                return RegionMask.FromPositions(grid, [.. positions.Select(p => IsInside(p) != outside)], outside);
            RgbImage mask = UploadedImages.Decode(file ?? Base64Field.Read(body!.Image!, "mask.image"), Part, options);
            return RegionMask.FromImage(mask, grid, outside);
        }
        catch (ArgumentException error)
        {
            throw RequestException.Field400(Part, error.Message, error);
        }
    }

    private static bool IsInside(int position) => position is 0 or 1
        ? position == 1
        : throw RequestException.Field400("mask.positions", "the positions of a mask are 0 or 1");
}
