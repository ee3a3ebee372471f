using System.Globalization;

namespace Nvg.Granularity.Construction;

/// <summary>A strategy and its settings, as a model's config stores it.</summary>
public sealed record StructureStrategyConfig
{
    /// <summary>Which.</summary>
    public StructureStrategyKind Kind { get; init; }

    /// <summary>For <see cref="StructureStrategyKind.Spatial"/>: at 1 the place counts as much as the latent, at 0 not at all.</summary>
    public double SpatialWeight { get; init; } = 0.5;

    /// <summary>
    /// For <see cref="StructureStrategyKind.Segmentation"/>: how much colours may differ inside a region, in 8-bit steps for a region of 100
    /// pixels; larger gives fewer regions.
    /// </summary>
    public double SegmentationScale { get; init; } = 30;

    /// <summary>For <see cref="StructureStrategyKind.Features"/>: the transformer's weights.</summary>
    public string? FeatureWeights { get; init; }

    /// <summary>Everything that is wrong with the settings; empty if nothing is.</summary>
    public IEnumerable<string> Validate()
    {
        if (!Enum.IsDefined(Kind))
            yield return $"there is no structure strategy {(int)Kind}";
        if (SpatialWeight is not (>= 0 and < double.PositiveInfinity))
            yield return $"spatialWeight must not be negative, it is {SpatialWeight}";
        if (SegmentationScale is not (> 0 and < double.PositiveInfinity))
            yield return $"segmentationScale must be positive, it is {SegmentationScale}";
        if (Kind == StructureStrategyKind.Features && string.IsNullOrEmpty(FeatureWeights))
            yield return "the structure strategy 'features' needs featureWeights, the file of a vision transformer";
    }

    /// <summary>Reads a strategy as people write it: a name, and after a colon its setting.</summary>
    /// <param name="text">For example <c>greedy</c>, <c>spatial:0.5</c>, <c>segmentation:60</c>, <c>features:vit.safetensors</c>.</param>
    /// <param name="problem">What is wrong, in one line, where the result is null.</param>
    public static StructureStrategyConfig? Parse(string text, out string? problem)
    {
        string[] parts = text.Split(':', 2);
        problem = null;
        if (!Enum.TryParse(parts[0], ignoreCase: true, out StructureStrategyKind kind) || char.IsAsciiDigit(parts[0].FirstOrDefault()))
        {
            problem = $"'{parts[0]}' is no structure strategy: {string.Join(", ", Enum.GetNames<StructureStrategyKind>().Select(n => n.ToLowerInvariant()))}";
            return null;
        }

        var config = new StructureStrategyConfig { Kind = kind };
        if (parts.Length > 1)
        {
            bool isNumber = double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out double number);
            config = kind switch
            {
                StructureStrategyKind.Features => config with { FeatureWeights = parts[1] },
                StructureStrategyKind.Spatial when isNumber => config with { SpatialWeight = number },
                StructureStrategyKind.Segmentation when isNumber => config with { SegmentationScale = number },
                _ => null!,
            };
            if (config is null)
            {
                problem = $"'{text}': {parts[0]} takes {(kind is StructureStrategyKind.Spatial or StructureStrategyKind.Segmentation ? "a number" : "no setting")} after the colon";
                return null;
            }
        }

        problem = config.Validate().FirstOrDefault();
        return problem is null ? config : null;
    }

    /// <summary>The strategy.</summary>
    /// <exception cref="ArgumentException">Settings are wrong; every problem is named.</exception>
    public IStructureStrategy Create()
    {
        if (Validate().ToList() is { Count: > 0 } problems)
            throw new ArgumentException(string.Join("; ", problems));
        return Kind switch
        {
            StructureStrategyKind.Spatial => new SpatialStrategy(SpatialWeight),
            StructureStrategyKind.Matching => new MatchingStrategy(),
            StructureStrategyKind.Segmentation => new SegmentationStrategy(SegmentationScale),
            StructureStrategyKind.Features => new FeatureStrategy(FeatureWeights!),
            _ => new GreedyStrategy(),
        };
    }

    /// <summary>As <see cref="Parse"/> reads it.</summary>
    public override string ToString()
    {
        string name = Kind.ToString().ToLowerInvariant();
        return Kind switch
        {
            StructureStrategyKind.Spatial => string.Create(CultureInfo.InvariantCulture, $"{name}:{SpatialWeight}"),
            StructureStrategyKind.Segmentation => string.Create(CultureInfo.InvariantCulture, $"{name}:{SegmentationScale}"),
            StructureStrategyKind.Features => $"{name}:{FeatureWeights}",
            _ => name,
        };
    }
}
