using System.CommandLine;
using Nvg.Evaluation.Features;
using Nvg.Torch;

namespace Nvg.Cli.Commands.Evaluate;

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
        Description = "Folder of a classifier made by nvg train classifier, as feature network; its figures carry its name",
        HelpName = "DIR",
    };

    private readonly Option<PictureResize> _resize = new("--resize")
    {
        Description = "How pictures come to the 299 × 299 of Inception-2015: tf1 (as in published figures), clean or pytorch",
        HelpName = "tf1|clean|pytorch",
        DefaultValueFactory = _ => PictureResize.TensorFlow1,
        CustomParser = result =>
        {
            switch (result.Tokens[0].Value.ToLowerInvariant())
            {
                case "tf1":
                    return PictureResize.TensorFlow1;
                case "clean":
                    return PictureResize.Clean;
                case "pytorch":
                    return PictureResize.PyTorch;
                case var other:
                    result.AddError($"'{other}' is no resize: tf1, clean or pytorch");
                    return default;
            }
        },
    };

    internal void AddTo(Command command)
    {
        command.Add(_weights);
        command.Add(_features);
        command.Add(_resize);
    }

    /// <summary>Whether a network was named.</summary>
    internal bool IsGiven(ParseResult parsed) => parsed.GetValue(_weights) is not null || parsed.GetValue(_features) is not null;

    /// <summary>Reads the network that the options name; the caller disposes it.</summary>
    /// <exception cref="UsageException">None is named, or two.</exception>
    internal IFeatureNetwork Open(ParseResult parsed, Device device) => (parsed.GetValue(_weights), parsed.GetValue(_features)) switch
    {
        ({ } weights, null) => Inception2015.Load(weights, parsed.GetValue(_resize), device),
        (null, { } folder) => ClassifierFeatures.Load(folder, device),
        (null, null) => throw new UsageException("name a feature network: --weights FILE, or a classifier with --features DIR"),
        _ => throw new UsageException("--weights and --features name two feature networks: give one"),
    };
}
