using Nvg.Checkpoints;
using Nvg.Sampling;

namespace Nvg.Control;

/// <summary>Pictures that are asked for together.</summary>
public sealed record GenerationRequest
{
    /// <summary>The pictures, in the order they come.</summary>
    public required IReadOnlyList<RequestedPicture> Pictures { get; init; }

    /// <summary>Settings of the pictures that have none of their own, or null for the model's.</summary>
    public SamplingOptions? Options { get; init; }

    /// <summary>Pictures that are computed together; matrix products of another size may round differently, so equal bytes need an equal number.</summary>
    public int BatchSize { get; init; } = 1;

    /// <summary>
    /// Whether a batch of fewer pictures is filled up with copies of its last one, which are thrown away: then every picture is
    /// computed together with as many as any other. It takes the time of full batches.
    /// </summary>
    public bool FillsBatches { get; init; }

    /// <summary>Whether the growth over the stages is drawn too.</summary>
    public bool WithStages { get; init; }

    /// <summary>The settings of a picture: its own, else those of the request, else the model's.</summary>
    internal SamplingOptions OptionsOf(RequestedPicture picture, NvgModel model) => picture.Options ?? Options ?? model.Config.Sampling;

    /// <summary>Tells settings apart: pictures of unlike ones cannot share a pass.</summary>
    internal string SettingsOf(RequestedPicture picture, NvgModel model) => NvgJson.Write(OptionsOf(picture, model));

    /// <summary>A number of pictures of each class: picture k of a class has the seed <paramref name="seed"/> + k.</summary>
    public static IReadOnlyList<RequestedPicture> OfClasses(IReadOnlyList<int> classes, int count, ulong seed) =>
        [.. classes.SelectMany(c => Enumerable.Range(0, count).Select(k => new RequestedPicture(c, unchecked(seed + (ulong)k))))];

    /// <summary>A number of pictures whose seeds choose their classes.</summary>
    public static IReadOnlyList<RequestedPicture> OfRandomClasses(ClassNames names, int count, ulong seed) =>
        [.. Enumerable.Range(0, count).Select(k => unchecked(seed + (ulong)k)).Select(s => new RequestedPicture(names.Random(s), s))];
}
