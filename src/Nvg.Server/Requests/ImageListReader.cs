using Nvg.Conditioning;
using Nvg.Documents;
using Nvg.Labels;
using Nvg.Server.Models;
using Nvg.Server.Requests.Bodies;

namespace Nvg.Server.Requests;

/// <summary>Reads classes, seeds and interpolation of a request into its images, as <c>nvg generate</c> does.</summary>
/// <param name="options">Limits.</param>
/// <param name="model">The model.</param>
/// <param name="body">The request.</param>
/// <param name="document">The earlier result that the request refers to, or null.</param>
internal sealed class ImageListReader(NvgServerOptions options, ServedModel model, JobBody body, ImageDocument? document)
{
    private ClassNames Names => model.Model.Classes;

    /// <summary>Returns the images, without their given parts.</summary>
    /// <exception cref="RequestException">A class does not exist, or there are too many images.</exception>
    internal IReadOnlyList<ImageRequest> Read()
    {
        ulong[] seeds = Seeds();
        IReadOnlyList<int>? classes = body.Class is { } value ? ClassField.ReadAll(value, Names, options.ImagesPerJob)
            : document is not null ? [document.Description.Class] : null;
        RequireCount((long)seeds.Length * (classes?.Count ?? 1));
        ImageRequest[] images = classes is null
            ? [.. seeds.Select(seed => new ImageRequest(Names.Random(seed), seed))]
            : [.. classes.SelectMany(c => seeds.Select(seed => new ImageRequest(c, seed)))];
        if (body.To is { } to)
            return Towards(images, to, classes);
        // The original interpolation is kept, unless another class is requested.
        return document?.Description.Interpolation is { } interpolation && body.Class is null
            ? [.. images.Select(i => i with { Interpolation = interpolation })]
            : images;
    }

    private ulong[] Seeds()
    {
        if (body.Seeds is { } listed)
        {
            if (body.Seed is not null || body.Count is not null)
                throw RequestException.Field400("seeds", "'seeds' replaces 'seed' and 'count'");
            RequireCount(listed.Count);
            return [.. listed.Select((seed, i) => SeedField.Read(seed, $"seeds[{i}]"))];
        }

        int count = body.Count ?? 1;
        RequireCount(count);
        ulong first = body.Seed is { } value ? SeedField.Read(value, "seed") : document?.Description.Seed ?? SeedField.Draw();
        return [.. Enumerable.Range(0, count).Select(k => unchecked(first + (ulong)k))];
    }

    private void RequireCount(long count)
    {
        int most = Math.Min(options.ImagesPerJob, options.QueueLimitPerClient);
        if (count < 1 || count > most)
            throw RequestException.Field400("count", $"{count} images were requested; 1 to {most} are accepted");
    }

    private ImageRequest[] Towards(ImageRequest[] images, TargetBody to, IReadOnlyList<int>? classes)
    {
        if (to.Class is null && to.Seed is null)
            throw RequestException.Field400("to", "'to' needs a class, a seed, or both");
        if (classes is not { Count: 1 })
            throw RequestException.Field400("to", "'to' needs a single class to start from");
        if (to.Share is not (null or (>= 0 and <= 1)))
            throw RequestException.Field400("to.share", "'to.share' must be between 0 and 1");
        if (to.Share is null && images.Length < 2)
            throw RequestException.Field400("to", "'to' without a share needs a count of at least 2");
        int? target = to.Class is { } value ? ClassField.Read(value, Names, "to.class") : null;
        ulong? seed = to.Seed is { } other ? SeedField.Read(other, "to.seed") : null;
        if (to.Share is { } share)
            return [.. images.Select(i => i with { Interpolation = new Interpolation(target, seed, share) })];
        // All images interpolate from the first one, each a step further.
        return [.. images.Select((_, k) => images[0] with { Interpolation = new Interpolation(target, seed, k / (images.Length - 1.0)) })];
    }
}
