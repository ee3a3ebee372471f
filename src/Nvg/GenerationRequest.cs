using Nvg.Configuration;
using Nvg.Labels;
using Nvg.Sampling;

namespace Nvg;

/// <summary>Images that are asked for together.</summary>
public sealed record GenerationRequest
{
    /// <summary>The images, in the order they come.</summary>
    public required IReadOnlyList<ImageRequest> Images { get; init; }

    /// <summary>Settings of the images that have none of their own, or null for the model's.</summary>
    public SamplingOptions? Options { get; init; }

    /// <summary>Images that are computed together; matrix products of another size may round differently, so equal bytes need an equal number.</summary>
    public int BatchSize { get; init; } = 1;

    /// <summary>
    /// Whether a batch of fewer images is filled up with copies of its last one, which are thrown away: then every image is
    /// computed together with as many as any other. It takes the time of full batches.
    /// </summary>
    public bool FillsBatches { get; init; }

    /// <summary>Whether the growth over the stages is drawn too.</summary>
    public bool WithStages { get; init; }

    /// <summary>The settings of an image: its own, else those of the request, else the model's.</summary>
    internal SamplingOptions OptionsOf(ImageRequest image, NvgModel model) => image.Options ?? Options ?? model.Config.Sampling;

    /// <summary>Tells settings apart: images of unlike ones cannot share a pass.</summary>
    internal string SettingsOf(ImageRequest image, NvgModel model) => NvgJson.Write(OptionsOf(image, model));

    /// <summary>A number of images of each class: image k of a class has the seed <paramref name="seed"/> + k.</summary>
    public static IReadOnlyList<ImageRequest> OfClasses(IReadOnlyList<int> classes, int count, ulong seed) =>
        [.. classes.SelectMany(c => Enumerable.Range(0, count).Select(k => new ImageRequest(c, unchecked(seed + (ulong)k))))];

    /// <summary>A number of images whose seeds choose their classes.</summary>
    public static IReadOnlyList<ImageRequest> OfRandomClasses(ClassNames names, int count, ulong seed) =>
        [.. Enumerable.Range(0, count).Select(k => unchecked(seed + (ulong)k)).Select(s => new ImageRequest(names.Random(s), s))];
}
