using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Nvg.Cli.Terminal;

/// <summary>Shows the help of a command, followed by examples.</summary>
/// <param name="help">The default help.</param>
internal sealed class HelpWithExamples(HelpAction help) : SynchronousCommandLineAction
{
    private static readonly Dictionary<string, string[]> Examples = new()
    {
        [""] =
        [
            "nvg generate --class river --count 16 -o rivers.png      a grid of 16 images",
            "nvg models                                               the models that can be used",
            "nvg prepare photos -o data --size 64                     a data set from a folder of images",
        ],
        ["generate"] =
        [
            "nvg generate --class river --seed 7 -o river.png                                   one image at its own size",
            "nvg generate --class forest,field --count 8 -o land.png                            a grid, one row per class",
            "nvg generate --class river --structure river.png --structure-kind labels -o out    follow a drawing of coloured regions",
            "nvg generate --class river --seed 6 --save results -o river.png                    save the result, to continue it with",
            "nvg generate --reference results/river/6.nvg --keep-stages 3 --seed 8 -o other.png  variations of a saved result",
        ],
        ["sample"] = ["nvg sample --per-class 50 -o samples.npz      samples for metrics; --resume continues an interrupted run"],
        ["reconstruct"] = ["nvg reconstruct photo.jpg -o pairs --stages   the original, its reconstruction and every stage"],
        ["compare"] = ["nvg compare nvg-cifar10 runs/var/model others.npz --data data --features cifar10-classifier -o report.html"],
        ["prepare"] =
        [
            "nvg prepare photos -o data --size 64                              a folder with one sub-folder per class",
            "nvg prepare imagenet.tar -o data --size 256 --keep-files          image files, decoded during training",
        ],
        ["train"] =
        [
            "nvg train photos -o runs/photos --hours 4               a model of a folder; the same command continues it",
            "nvg train photos --dry-run                              the plan and its reasons alone",
            "nvg train photos --plan settings                        its configs, to edit them",
            "nvg train --init -o settings                            configs with a comment at every setting",
        ],
        ["train tokenizer"] = ["nvg train tokenizer --config configs/cifar10-tokenizer.json --data data -o runs/tokenizer"],
        ["train generator"] = ["nvg train generator --config configs/cifar10-generator.json --data data -o runs/generator --resume"],
        ["train var-tokenizer"] = ["nvg train var-tokenizer --config configs/eurosat-var-tokenizer.json --data data -o runs/var-tokenizer"],
        ["train var"] = ["nvg train var --config configs/eurosat-var.json --data data -o runs/var"],
        ["train classifier"] = ["nvg train classifier --config configs/cifar10-classifier.json --data data -o runs/classifier"],
        ["distill"] =
        [
            "nvg distill nvg-cifar10 --data data -o runs/fast                 on the images that the model was trained on",
            "nvg distill models/nvg-d16 --data-free -o runs/fast              on images that the model draws itself",
        ],
        ["evaluate samples"] = ["nvg evaluate samples samples.npz --reference data --features cifar10-classifier --report report.html"],
        ["evaluate tokenizer"] = ["nvg evaluate tokenizer --model runs/tokenizer/model --data data -o report"],
        ["convert"] =
        [
            "nvg convert ae.ckpt d16.ckpt -o models/nvg-d16                              published checkpoints to a model folder",
            "nvg convert vae_ch160v4096z32.pth var_d16.pth -o models/var-d16             the same of a VAR model",
        ],
        ["show"] =
        [
            "nvg show results/river/6.nvg --stages -o stages.png     every stage of a saved result",
            "nvg show nvg-eurosat                                    the sizes and classes of a model",
        ],
    };

    /// <summary>Help is shown even if the rest of the command line is incomplete.</summary>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        int code = help.Invoke(parseResult);
        if (!Examples.TryGetValue(string.Join(' ', UsageProblem.CommandPath(parseResult)), out string[]? examples))
            return code;
        TextWriter output = parseResult.InvocationConfiguration.Output;
        output.WriteLine("Examples:");
        foreach (string example in examples)
            output.WriteLine($"  {example}");
        output.WriteLine();
        return code;
    }
}
