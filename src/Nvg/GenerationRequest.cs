using Nvg.Configuration;
using Nvg.Labels;
using Nvg.Sampling;
using Nvg.Torch;

namespace Nvg;

/// <summary>A request for several images.</summary>
public sealed record GenerationRequest
{
    // On a CPU one image keeps the cores busy, and in products of its own it is rounded the same whatever it is requested with.
    private const int CpuBatchSize = 1, GpuBatchSize = 16;

    /// <summary>The images; results come in this order.</summary>
    public required IReadOnlyList<ImageRequest> Images { get; init; }

    /// <summary>Settings of the images that have none of their own, or null for the model's.</summary>
    public SamplingOptions? Options { get; init; }

    /// <summary>
    /// Images computed together, or null for the default of the device: 1 on a CPU, 16 on a GPU. Another number may round
    /// differently, so equal bytes need an equal number.
    /// </summary>
    public int? BatchSize { get; init; }

    /// <summary>
    /// Whether an incomplete batch is filled with copies of its last image, whose results are dropped, so that every image is
    /// computed with the same number of others. An incomplete batch then takes as long as a full one.
    /// </summary>
    public bool FillsBatches { get; init; }

    /// <summary>Whether the images of all stages are drawn as well (<see cref="GeneratedImage.Stages"/>).</summary>
    public bool WithStages { get; init; }

    /// <summary>A number of images of each class: image k of a class has the seed <paramref name="seed"/> + k.</summary>
    public static IReadOnlyList<ImageRequest> OfClasses(IReadOnlyList<int> classes, int count, ulong seed) =>
        [.. classes.SelectMany(c => Enumerable.Range(0, count).Select(k => new ImageRequest(c, unchecked(seed + (ulong)k))))];

    /// <summary>A number of images of random classes: image k has the seed <paramref name="seed"/> + k, which chooses its class.</summary>
    public static IReadOnlyList<ImageRequest> OfRandomClasses(ClassNames names, int count, ulong seed) =>
        [.. Enumerable.Range(0, count).Select(k => unchecked(seed + (ulong)k)).Select(s => new ImageRequest(names.Random(s), s))];

    /// <summary>Images computed together by default.</summary>
    internal static int DefaultBatchSize(DeviceType device) => device == DeviceType.Cpu ? CpuBatchSize : GpuBatchSize;

    /// <summary>The settings of an image: its own, else those of the request, else the model's.</summary>
    internal SamplingOptions OptionsOf(ImageRequest image, NvgModel model) => image.Options ?? Options ?? model.Config.Sampling;

    /// <summary>Settings as text. Images with different settings cannot share a forward pass.</summary>
    internal string SettingsOf(ImageRequest image, NvgModel model) => NvgJson.Write(OptionsOf(image, model));
}
