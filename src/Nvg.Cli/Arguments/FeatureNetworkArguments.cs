using System.CommandLine;
using Nvg.Cli.Terminal;
using Nvg.Evaluation.Features;
using Nvg.Pretrained;
using Nvg.Torch;

namespace Nvg.Cli.Arguments;

/// <summary>Options that select a feature network.</summary>
internal sealed class FeatureNetworkArguments
{
    private const string ResNet18Name = "resnet18";

    private readonly Option<string?> _weights = new("--weights")
    {
        Description = "Weights of Inception-2015 (pt_inception-2015-12-05), the network of FID, sFID, IS and KID",
        HelpName = "FILE",
    };

    private readonly Option<string?> _features = new("--features")
    {
        Description = "Network used instead of Inception-2015: a classifier's folder, resnet18, or an ONNX file; metrics are named "
            + "after it",
        HelpName = "DIR|resnet18|FILE.onnx",
    };

    private readonly Option<string[]> _onnx = new("--onnx")
    {
        Description = "A setting of the ONNX file, such as normalization=imageNet, side=224, output=NAME or pooling=first; replaces that "
            + "of FILE.onnx.json",
        HelpName = "KEY=VALUE",
        AllowMultipleArgumentsPerToken = false,
    };

    private readonly Option<ImageResize?> _resize = new("--resize")
    {
        Description = "How images are resized to the 299 × 299 of Inception-2015; tf1 (default) is used by published metrics",
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
                    result.AddError($"--resize takes one of tf1, clean, pytorch, not '{other}'");
                    return null;
            }
        },
    };

    internal void AddTo(Command command)
    {
        command.Add(_weights);
        command.Add(_features);
        command.Add(_onnx);
        command.Add(_resize);
    }

    /// <summary>Loads the selected network, or returns null if none is selected; the caller disposes it.</summary>
    /// <exception cref="UsageException">Two networks are selected.</exception>
    internal IFeatureNetwork? OpenIfGiven(ParseResult parsed, Device device)
    {
        string? weights = parsed.GetValue(_weights), features = parsed.GetValue(_features);
        if (weights is not null && features is not null)
            throw new UsageException("--weights and --features cannot be combined");
        if (features is not null && parsed.GetValue(_resize) is not null)
            throw new UsageException("--resize needs --weights: other networks resize images themselves, or not at all");
        string[] settings = parsed.GetValue(_onnx) ?? [];
        if (settings.Length > 0 && (features is null || !IsOnnx(features)))
            throw new UsageException("--onnx needs --features FILE.onnx");
        if (weights is not null)
            InputFile.RequireContent(weights);
        return weights is not null ? Inception2015.Load(weights, parsed.GetValue(_resize) ?? ImageResize.TensorFlow1, device)
            : features is not null ? OpenNamed(features, settings, device)
            : null;
    }

    /// <summary>Loads the selected network; the caller disposes it.</summary>
    /// <exception cref="UsageException">No network is selected, or two are.</exception>
    internal IFeatureNetwork Open(ParseResult parsed, Device device) => OpenIfGiven(parsed, device)
        ?? throw new UsageException(
            "a feature network is needed: --weights FILE for Inception-2015, --features DIR for a classifier, resnet18, or an ONNX file");

    private static bool IsOnnx(string features) => features.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase);

    private static IFeatureNetwork OpenNamed(string features, string[] settings, Device device) =>
        IsOnnx(features) ? OnnxFeatures.Load(features, OnnxFeatures.ReadOptions(features, settings))
        : features.Equals(ResNet18Name, StringComparison.OrdinalIgnoreCase) ? ResNet18Features.Load(null, device)
        : ResNet18Files.IsIn(features) ? ResNet18Features.Load(features, device)
        : ClassifierFeatures.Load(ModelFolder.Locate(features), device);
}
