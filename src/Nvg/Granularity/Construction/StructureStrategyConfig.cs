using System.Globalization;
using Nvg.Configuration;
using Nvg.Torch;

namespace Nvg.Granularity.Construction;

/// <summary>A structure strategy with its settings, as stored in a model's config.</summary>
public sealed record StructureStrategyConfig
{
    /// <summary>The strategy.</summary>
    public StructureStrategyKind Kind { get; init; }

    /// <summary>For <see cref="StructureStrategyKind.Spatial"/>: spread of the coordinates relative to that of the latent.</summary>
    public double SpatialWeight { get; init; } = 0.5;

    /// <summary>
    /// For <see cref="StructureStrategyKind.Segmentation"/>: colour difference allowed within a region of 100 pixels, in 8-bit steps.
    /// A larger value gives fewer regions.
    /// </summary>
    public double SegmentationScale { get; init; } = 30;

    /// <summary>For <see cref="StructureStrategyKind.Features"/>: path of the weights of a vision transformer.</summary>
    public string? FeatureWeights { get; init; }

    /// <summary>All problems of the settings; empty if they are valid.</summary>
    public IEnumerable<string> Validate()
    {
        if (!Enum.IsDefined(Kind))
            yield return $"{(int)Kind} is not a structure strategy";
        if (SpatialWeight is not (>= 0 and < double.PositiveInfinity))
            yield return $"spatialWeight must not be negative, it is {SpatialWeight}";
        if (SegmentationScale is not (> 0 and < double.PositiveInfinity))
            yield return $"segmentationScale must be positive, it is {SegmentationScale}";
        if (Kind == StructureStrategyKind.Features && string.IsNullOrEmpty(FeatureWeights))
            yield return "the structure strategy 'features' needs featureWeights, the file of a vision transformer";
    }

    /// <summary>Parses a strategy written as a name, optionally with a colon and its setting.</summary>
    /// <param name="text">For example <c>greedy</c>, <c>spatial:0.5</c>, <c>segmentation:60</c>, <c>features:vit.safetensors</c>.</param>
    /// <param name="problem">If the result is null, a one-line explanation of the problem.</param>
    /// <returns>The strategy, or null if the text is invalid.</returns>
    public static StructureStrategyConfig? Parse(string text, out string? problem)
    {
        string[] parts = text.Split(':', 2);
        problem = null;
        if (!Enum.TryParse(parts[0], ignoreCase: true, out StructureStrategyKind kind) || char.IsAsciiDigit(parts[0].FirstOrDefault()))
        {
            IEnumerable<string> names = Enum.GetNames<StructureStrategyKind>().Select(name => name.ToLowerInvariant());
            problem = $"'{parts[0]}' is not a structure strategy; there are {string.Join(", ", names)}";
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
                bool takesNumber = kind is StructureStrategyKind.Spatial or StructureStrategyKind.Segmentation;
                problem = $"'{text}': {parts[0]} takes {(takesNumber ? "a number" : "no setting")} after the colon";
                return null;
            }
        }

        problem = config.Validate().FirstOrDefault();
        return problem is null ? config : null;
    }

    /// <summary>Creates the strategy.</summary>
    /// <param name="loadFeatures">Loads the network of <see cref="FeatureWeights"/> from its path, for a device.</param>
    /// <exception cref="ArgumentException">The settings are invalid; the message names every problem.</exception>
    public IStructureStrategy Create(Func<string, Device, IPatchFeatures> loadFeatures)
    {
        Validate().ThrowIfAny();
        return Kind switch
        {
            StructureStrategyKind.Spatial => new SpatialStrategy(SpatialWeight),
            StructureStrategyKind.Matching => new MatchingStrategy(),
            StructureStrategyKind.Segmentation => new SegmentationStrategy(SegmentationScale),
            StructureStrategyKind.Features => new FeatureStrategy(device => loadFeatures(FeatureWeights!, device)),
            _ => new GreedyStrategy(),
        };
    }

    /// <summary>The text that <see cref="Parse"/> reads.</summary>
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
