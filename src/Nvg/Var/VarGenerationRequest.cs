using Nvg.Torch;
using Nvg.Var.Sampling;

namespace Nvg.Var;

/// <summary>A request for several images of a VAR model.</summary>
public sealed record VarGenerationRequest
{
    /// <summary>The images; results come in this order.</summary>
    public required IReadOnlyList<VarImageRequest> Images { get; init; }

    /// <summary>Settings of all images, or null for the model's.</summary>
    public VarSamplingOptions? Options { get; init; }

    /// <summary>Images computed together, or null for the default of the device: 1 on a CPU, 16 on a GPU.</summary>
    public int? BatchSize { get; init; }

    /// <summary>Whether the images of all scales are drawn as well (<see cref="VarImage.Stages"/>).</summary>
    public bool WithStages { get; init; }

    /// <summary>Number of images computed together on a device.</summary>
    internal int BatchSizeOn(DeviceType device) => BatchSize ?? GenerationRequest.DefaultBatchSize(device);
}
