using System.CommandLine;
using Nvg.Cli.Terminal;
using Nvg.Pretrained;
using Nvg.Torch;

namespace Nvg.Cli.Arguments;

/// <summary>Options of the LPIPS metric.</summary>
internal sealed class PerceptualArguments
{
    private readonly Option<PerceptualBackbone?> _backbone = new("--lpips")
    {
        Description = "Backbone of LPIPS; vgg by default",
        HelpName = "vgg|alex|squeeze",

        CustomParser = result =>
        {
            switch (result.Tokens[0].Value.ToLowerInvariant())
            {
                case "vgg":
                    return PerceptualBackbone.Vgg16;
                case "alex":
                    return PerceptualBackbone.AlexNet;
                case "squeeze":
                    return PerceptualBackbone.SqueezeNet;
                case var other:
                    result.AddError($"--lpips takes one of vgg, alex, squeeze, not '{other}'");
                    return null;
            }
        },
    };

    private readonly Option<string?> _features =
        new("--lpips-backbone") { Description = "Weights of the LPIPS backbone, with the names of torchvision", HelpName = "FILE" };
    private readonly Option<string?> _linear =
        new("--lpips-linear") { Description = "Weights of the LPIPS linear layers (lin0.model.1.weight …)", HelpName = "FILE" };

    internal void AddTo(Command command)
    {
        command.Add(_backbone);
        command.Add(_features);
        command.Add(_linear);
    }

    /// <summary>Loads LPIPS, or returns null if it is not requested; the caller disposes the result.</summary>
    /// <exception cref="UsageException">One of the two files is missing.</exception>
    internal PerceptualDistance? OpenIfGiven(ParseResult parsed, Device device)
    {
        string? features = parsed.GetValue(_features), linear = parsed.GetValue(_linear);
        if (features is null && linear is null && !parsed.IsGiven(_backbone))
            return null;
        if (features is null || linear is null)
            throw new UsageException("LPIPS needs both --lpips-backbone FILE and --lpips-linear FILE");
        foreach (string file in new[] { features, linear })
        {
            if (!File.Exists(file))
            {
                throw NvgDataException.At(
                    file, "does not exist",
                    "use the published weights: torchvision's for the backbone, those of LPIPS for the linear layers");
            }

            InputFile.RequireContent(file);
        }

        return PerceptualDistance.Load(parsed.GetValue(_backbone) ?? PerceptualBackbone.Vgg16, features, linear, device);
    }
}
