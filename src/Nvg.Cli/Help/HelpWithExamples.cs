using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Nvg.Cli.Terminal;

namespace Nvg.Cli.Help;

/// <summary>Shows the help of a command with its options in groups, followed by examples.</summary>
internal sealed class HelpWithExamples : SynchronousCommandLineAction
{
    private static readonly Dictionary<string, HelpExample[]> Examples = new()
    {
        [""] =
        [
            new("nvg generate --class river --count 16 -o rivers.png", "a grid of 16 images"),
            new("nvg models", "the models that can be used"),
            new("nvg train photos -o runs/photos --hours 4", "a model trained on a folder of images"),
        ],
        ["generate"] =
        [
            new("nvg generate --class river --seed 7 -o river.png", "one image at its own size"),
            new("nvg generate --class forest,field --count 8 -o land.png", "a grid, one row per class"),
            new("nvg generate --class river --structure drawing.png --count 8 -o drawn.png", "follow a drawing"),
            new("nvg generate --class river --seed 6 --save results -o river.png", "save the result, to continue it"),
            new("nvg generate --reference results/river/6.nvg --keep-stages 3 --seed 8 -o other.png", "variations of a saved result"),
        ],
        ["sample"] = [new("nvg sample --per-class 50 -o samples.npz --resume", "samples for metrics; continues an interrupted run")],
        ["reconstruct"] = [new("nvg reconstruct photo.jpg -o pairs --stages", "the original, its reconstruction and every stage")],
        ["compare"] =
            [new("nvg compare nvg-cifar10 runs/var/model others.npz --data data --features cifar10-classifier -o report.html")],
        ["prepare"] =
        [
            new("nvg prepare photos -o data --size 64", "a folder with one sub-folder per class"),
            new("nvg prepare imagenet.tar -o data --size 256 --keep-files", "image files, decoded during training"),
        ],
        ["train"] =
        [
            new("nvg train photos -o runs/photos --hours 4", "a model trained on a folder; the same command continues it"),
            new("nvg train photos --dry-run", "only the plan and its reasons"),
            new("nvg train photos --plan settings", "its configs, to edit them"),
            new("nvg train --init -o settings", "configs with a comment for every setting"),
        ],
        ["train tokenizer"] = [new("nvg train tokenizer --config configs/cifar10-tokenizer.json --data data -o runs/tokenizer")],
        ["train generator"] = [new("nvg train generator --config configs/cifar10-generator.json --data data -o runs/generator --resume")],
        ["train var-tokenizer"] =
            [new("nvg train var-tokenizer --config configs/eurosat-var-tokenizer.json --data data -o runs/var-tokenizer")],
        ["train var"] = [new("nvg train var --config configs/eurosat-var.json --data data -o runs/var")],
        ["train classifier"] = [new("nvg train classifier --config configs/cifar10-classifier.json --data data -o runs/classifier")],
        ["distill"] =
        [
            new("nvg distill runs/photos/model --data data -o runs/fast", "on the images that the model was trained on"),
            new("nvg distill nvg-cifar10 --part content --data-free -o runs/one-pass", "guidance of the content in one pass"),
            new("nvg distill models/nvg-d16 --data-free -o runs/fast", "on images that the model draws itself"),
        ],
        ["report"] = [new("nvg report runs/generator -o report.html")],
        ["serve"] = [new("nvg serve", "the studio on http://127.0.0.1:5080")],
        ["evaluate samples"] =
            [new("nvg evaluate samples samples.npz --reference data --features cifar10-classifier --report report.html")],
        ["evaluate tokenizer"] = [new("nvg evaluate tokenizer --model runs/tokenizer/model --data data -o report")],
        ["evaluate neighbours"] =
        [
            new("nvg evaluate neighbours samples.npz --data data/train --test data/test --features cifar10-classifier -o nearest.png"),
        ],
        ["convert"] =
        [
            new("nvg convert ae.ckpt d16.ckpt -o models/nvg-d16", "published checkpoints to a model folder"),
            new("nvg convert vae_ch160v4096z32.pth var_d16.pth -o models/var-d16", "the same for a VAR model"),
        ],
        ["classes"] = [new("nvg classes nvg-eurosat")],
        ["show"] =
        [
            new("nvg show results/river/6.nvg --stages -o stages.png", "every stage of a saved result"),
            new("nvg show nvg-eurosat", "the sizes and classes of a model"),
        ],
        ["completion"] =
        [
            new("source <(nvg completion bash)", "in ~/.bashrc"),
            new("source <(nvg completion zsh)", "in ~/.zshrc"),
            new("nvg completion fish | source", "in ~/.config/fish/config.fish"),
        ],
    };

    private readonly HelpAction _help;
    private readonly int _width;

    /// <param name="help">The default help; it is changed to write one line per option.</param>
    internal HelpWithExamples(HelpAction help)
    {
        (_help, _width) = (help, help.MaxWidth);
        help.MaxWidth = int.MaxValue;
    }

    /// <summary>Help is shown even if the rest of the command line is incomplete.</summary>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        TextWriter output = parseResult.InvocationConfiguration.Output;
        using var help = new StringWriter();
        parseResult.InvocationConfiguration.Output = help;
        int code = _help.Invoke(parseResult);
        parseResult.InvocationConfiguration.Output = output;
        output.Write(HelpLayout.Arrange(help.ToString(), parseResult.CommandResult.Command, _width));
        if (Examples.TryGetValue(string.Join(' ', UsageProblem.CommandPath(parseResult)), out HelpExample[]? examples))
            output.Write(HelpLayout.Examples(examples, _width));
        return code;
    }
}
