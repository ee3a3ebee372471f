using System.CommandLine;
using Nvg.Cli.Terminal;
using Nvg.Evaluation.Features;
using Nvg.Torch;

namespace Nvg.Cli.Arguments;

/// <summary>Options that choose a feature network.</summary>
internal sealed class FeatureNetworkArguments
{
    private readonly Option<string?> _weights = new("--weights")
    {
        Description = "Weights of Inception-2015 (pt_inception-2015-12-05): the network of FID, sFID, IS and KID",
        HelpName = "FILE",
    };

    private readonly Option<string?> _features = new("--features")
    {
        Description = "A classifier's folder: its features instead of Inception-2015's; figures are then named after it",
        HelpName = "DIR",
    };

    private readonly Option<ImageResize?> _resize = new("--resize")
    {
        Description = "How images come to the 299 × 299 of Inception-2015: tf1 (as in published figures, the default), clean or pytorch",
        HelpName = "tf1|clean|pytorch",
        CustomParser = result =>
        {
            switch (result.Tokens[0].Value.ToLowerInvariant())
            {
                case "tf1":
                    return ImageResize.TensorFlow1;
                case "clean":
                    return ImageResize.Clean;
                case "pytorch":
                    return ImageResize.PyTorch;
                case var other:
                    result.AddError($"'{other}' is no resize: tf1, clean or pytorch");
                    return null;
            }
        },
    };

    internal void AddTo(Command command)
    {
        command.Add(_weights);
        command.Add(_features);
        command.Add(_resize);
    }

    /// <summary>Reads the network that the options name, or gives null where they name none; the caller disposes it.</summary>
    /// <exception cref="UsageException">They name two.</exception>
    internal IFeatureNetwork? OpenIfGiven(ParseResult parsed, Device device)
    {
        string? weights = parsed.GetValue(_weights), features = parsed.GetValue(_features);
        if (weights is not null && features is not null)
            throw new UsageException("--weights and --features name two feature networks; give one");
        if (features is not null && parsed.GetValue(_resize) is not null)
            throw new UsageException("--resize belongs to --weights: a classifier takes images of its own size");
        return weights is not null ? Inception2015.Load(weights, parsed.GetValue(_resize) ?? ImageResize.TensorFlow1, device)
            : features is not null ? ClassifierFeatures.Load(ModelFolder.Locate(features), device)
            : null;
    }

    /// <summary>Reads the network that the options name; the caller disposes it.</summary>
    /// <exception cref="UsageException">They name none, or two.</exception>
    internal IFeatureNetwork Open(ParseResult parsed, Device device) => OpenIfGiven(parsed, device)
        ?? throw new UsageException("name a feature network: --weights FILE for Inception-2015, or --features DIR for a classifier");
}
