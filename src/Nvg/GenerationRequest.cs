using Nvg.Configuration;
using Nvg.Labels;
using Nvg.Sampling;
using Nvg.Torch;

namespace Nvg;

/// <summary>A request for several images.</summary>
public sealed record GenerationRequest
{
    // On a CPU, one image keeps the cores busy. Computed alone, it is rounded the same way regardless of the other images in the request.
    private const int CpuBatchSize = 1, GpuBatchSize = 16;

    /// <summary>The images; results come in this order.</summary>
    public required IReadOnlyList<ImageRequest> Images { get; init; }

    /// <summary>Settings for images without their own settings, or null for the model's.</summary>
    public SamplingOptions? Options { get; init; }

    /// <summary>
    /// Number of images computed together, or null for the default of the device: 1 on a CPU, 16 on a GPU. A different number may change
    /// the rounding, so identical bytes require the same number.
    /// </summary>
    public int? BatchSize { get; init; }

    /// <summary>
    /// Whether an incomplete batch is padded with copies of its last image, so that every image is computed with the same number of others.
    /// The results of the copies are discarded. An incomplete batch then takes as long as a full one.
    /// </summary>
    public bool FillsBatches { get; init; }

    /// <summary>Whether the images of all stages are drawn as well (<see cref="GeneratedImage.Stages"/>).</summary>
    public bool WithStages { get; init; }

    /// <summary>Requests a number of images per class: image k of a class has the seed <paramref name="seed"/> + k.</summary>
    public static IReadOnlyList<ImageRequest> OfClasses(IReadOnlyList<int> classes, int count, ulong seed) =>
        [.. classes.SelectMany(c => Enumerable.Range(0, count).Select(k => new ImageRequest(c, unchecked(seed + (ulong)k))))];

    /// <summary>
    /// Requests images of random classes: image k has the seed <paramref name="seed"/> + k, which also determines its class.
    /// </summary>
    public static IReadOnlyList<ImageRequest> OfRandomClasses(ClassNames names, int count, ulong seed) =>
        [.. Enumerable.Range(0, count).Select(k => unchecked(seed + (ulong)k)).Select(s => new ImageRequest(names.Random(s), s))];

    /// <summary>Default number of images computed together.</summary>
    internal static int DefaultBatchSize(DeviceType device) => device == DeviceType.Cpu ? CpuBatchSize : GpuBatchSize;

    /// <summary>The settings of an image: its own, otherwise the request's, otherwise the model's.</summary>
    internal SamplingOptions OptionsOf(ImageRequest image, NvgModel model) => image.Options ?? Options ?? model.Config.Sampling;

    /// <summary>The settings as text. Images with different settings cannot share a forward pass.</summary>
    internal string SettingsOf(ImageRequest image, NvgModel model) => NvgJson.Write(OptionsOf(image, model));
}
