using System.CommandLine;
using Nvg.Cli.Terminal;
using Nvg.Pretrained;
using Nvg.Torch;

namespace Nvg.Cli.Arguments;

/// <summary>Options that ask for LPIPS.</summary>
internal sealed class PerceptualArguments
{
    private readonly Option<PerceptualBackbone> _backbone = new("--lpips")
    {
        Description = "Which LPIPS: vgg, alex or squeeze",
        HelpName = "vgg|alex|squeeze",
        DefaultValueFactory = _ => PerceptualBackbone.Vgg16,
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
                    result.AddError($"'{other}' is no LPIPS: vgg, alex or squeeze");
                    return default;
            }
        },
    };

    private readonly Option<string?> _features = new("--lpips-backbone") { Description = "Weights of the backbone under torchvision's names", HelpName = "FILE" };
    private readonly Option<string?> _linear = new("--lpips-linear") { Description = "Weights of LPIPS itself (lin0.model.1.weight …)", HelpName = "FILE" };

    internal void AddTo(Command command)
    {
        command.Add(_backbone);
        command.Add(_features);
        command.Add(_linear);
    }

    /// <summary>Reads the weights that the options name, or gives null where they name none; the caller disposes it.</summary>
    /// <exception cref="UsageException">They name one of two files.</exception>
    internal PerceptualDistance? OpenIfGiven(ParseResult parsed, Device device)
    {
        string? features = parsed.GetValue(_features), linear = parsed.GetValue(_linear);
        if (features is null && linear is null && parsed.GetResult(_backbone) is not { Implicit: false })
            return null;
        return features is not null && linear is not null
            ? PerceptualDistance.Load(parsed.GetValue(_backbone), features, linear, device)
            : throw new UsageException("LPIPS needs two files: --lpips-backbone FILE and --lpips-linear FILE");
    }
}
