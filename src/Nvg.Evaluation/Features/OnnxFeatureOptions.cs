namespace Nvg.Evaluation.Features;

/// <summary>
/// How images become the input of an ONNX network, and which of its results are the features. The JSON file
/// <c>NETWORK.onnx.json</c> beside the network holds the same settings.
/// </summary>
public sealed record OnnxFeatureOptions
{
    /// <summary>Name of the network in the names of metrics; null for the file name.</summary>
    public string? Name { get; init; }

    /// <summary>Name of the input; null for the only one.</summary>
    public string? Input { get; init; }

    /// <summary>Name of the result that holds the features, which may be an intermediate result; null for the only output.</summary>
    public string? Output { get; init; }

    /// <summary>Side of the square input, in pixels; null for the network's own size, if it is fixed.</summary>
    public int? Side { get; init; }

    /// <summary>How images are resized.</summary>
    public OnnxResize Resize { get; init; }

    /// <summary>How pixels are normalised. There is no default, because a wrong normalisation gives plausible numbers.</summary>
    public OnnxNormalization? Normalization { get; init; }

    /// <summary>Mean of red, green and blue in 0…1, in place of <see cref="Normalization"/>.</summary>
    public IReadOnlyList<double>? Mean { get; init; }

    /// <summary>Standard deviation of red, green and blue in 0…1, together with <see cref="Mean"/>.</summary>
    public IReadOnlyList<double>? Std { get; init; }

    /// <summary>Whether the channels are blue, green and red.</summary>
    public bool Bgr { get; init; }

    /// <summary>How several vectors per image become one; null for the mean over the positions of a feature map.</summary>
    public OnnxPooling? Pooling { get; init; }

    /// <summary>All problems of the settings; empty if they are valid.</summary>
    public IEnumerable<string> Validate()
    {
        if (Name is "" || Name == PublishedProtocol.Network)
            yield return $"name must be neither empty nor {PublishedProtocol.Network}, whose metrics have their own names";
        if (Side is < 1 or > 4096)
            yield return $"side must be between 1 and 4096, not {Side}";
        if (Normalization is null == Mean is null)
            yield return "normalization (imageNet, clip, half, unit or bytes) or mean and std must be given, and only one of them";
        if (Mean is null != Std is null)
            yield return "mean and std are given together";
        if (Mean is { Count: not 3 } || Std is { Count: not 3 } || Mean?.All(double.IsFinite) == false || Std?.All(s => s > 0) == false)
            yield return "mean and std need three numbers each, those of std greater than zero";
    }

    // (x / 255 − mean) / deviation.
    internal (IReadOnlyList<double> Mean, IReadOnlyList<double> Std) Affine => Normalization switch
    {
        OnnxNormalization.ImageNet => ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        OnnxNormalization.Clip => ([0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]),
        OnnxNormalization.Half => ([0.5, 0.5, 0.5], [0.5, 0.5, 0.5]),
        OnnxNormalization.Unit => ([0, 0, 0], [1, 1, 1]),
        OnnxNormalization.Bytes => ([0, 0, 0], [1 / 255.0, 1 / 255.0, 1 / 255.0]),
        _ => (Mean!, Std!),
    };
}
