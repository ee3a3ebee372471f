using System.CommandLine;
using Nvg.Checkpoints;
using Nvg.Cli.Arguments;
using Nvg.Cli.Terminal;
using Nvg.Evaluation.Studies;
using Nvg.Sampling;
using Nvg.Torch;

namespace Nvg.Cli.Commands.Evaluate;

/// <summary><c>nvg evaluate precision</c>: compares a lower precision with float32, or a distilled model with the original.</summary>
internal sealed class EvaluatePrecisionCommand
{
    private readonly Option<string?> _model = CommonOptions.Model();
    private readonly Option<string?> _preset =
        new("--preset") { Description = "Use random weights of a published size instead of a model", HelpName = "NAME" };

    private readonly Option<string?> _reference = new("--reference")
    {
        Description = "The model to compare with, such as the one before its distillation; by default the model itself in float32",
        HelpName = "MODEL",
    };

    private readonly Option<int> _count = new("--count")
    {
        Description = "Number of images, of all classes in turn",
        HelpName = "N",
        DefaultValueFactory = _ => 20,
    };

    private readonly SamplingArguments _sampling = new();
    private readonly Option<Device> _device = CommonOptions.Device();
    private readonly Option<ScalarType?> _type = CommonOptions.DataType(
        "Precision of the model that is compared with float32; bfloat16 by default, and float32 with --reference");

    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<bool> _json = CommonOptions.Json();

    internal static Command Create()
    {
        var arguments = new EvaluatePrecisionCommand();
        Command command = new Command("precision", "Compare a lower precision with float32, or two models: tokens, splits, images")
            .With(arguments._model, arguments._preset, arguments._reference, arguments._count);
        arguments._sampling.AddNvgTo(command);
        command.With(arguments._device, arguments._type, arguments._threads, arguments._json);
        command.SetAction(arguments.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        int count = parsed.GetValue(_count);
        if (count < 1)
            throw new UsageException($"--count must be at least 1, not {count}");
        string? before = parsed.GetValue(_reference);
        if (before is not null && parsed.GetValue(_preset) is not null)
            throw new UsageException("--reference and --preset cannot be combined");
        ModelConfig? preset = ModelOrPreset.Preset(parsed.GetValue(_model), parsed.GetValue(_preset));
        CommonOptions.Apply(parsed.GetValue(_device), parsed.GetValue(_threads));
        using NvgModel other = Open(parsed, preset, parsed.GetValue(_type) ?? (before is null ? ScalarType.BFloat16 : ScalarType.Float32));
        using NvgModel reference = before is null
            ? Open(parsed, preset, ScalarType.Float32)
            : NvgModel.Load(ModelFolder.Locate(before), parsed.GetValue(_device), ScalarType.Float32);
        SamplingOptions options = _sampling.Read(parsed, other);
        if (options.Validate(reference.GeneratorConfig).FirstOrDefault() is { } problem)
            throw new UsageException($"--reference {before}: {problem}");
        if (!reference.SharesSequencesWith(other))
            throw new NvgDataException($"{before} and {other.Folder} have different tokenizers or classes, so they cannot be compared");
        PrecisionAgreement found = await ConsoleProgress.ShowAsync("comparing", progress => Task.Run(
            () => PrecisionAgreement.Measure(
                reference, other, count, options,
                new SynchronousProgress<int>(done => progress.Report($"{done} of {count} images", (double)done / count)), cancellation),
            CancellationToken.None));
        if (parsed.GetValue(_json))
        {
            MachineOutput.Write(found);
            return CommandRunner.Done;
        }

        ConsoleTable.Write(
            ["stage", "same token", "same likeliest token", "same side of the split"],
            found.StageTokens.Select((share, stage) => new[]
            {
                $"{stage}", $"{share:P1}", $"{found.StageBestTokens[stage]:P1}", stage < found.StageSplits.Count
                    ? $"{found.StageSplits[stage]:P1}" : "",
            }));
        ConsoleText.Print($"images decoded from the same tokens: PSNR {found.DecodedPsnr:F1} dB, {found.WorstDecodedPsnr:F1} dB at worst");
        return CommandRunner.Done;
    }

    private NvgModel Open(ParseResult parsed, ModelConfig? preset, ScalarType type) =>
        ModelOrPreset.Open(parsed.GetValue(_model), preset, parsed.GetValue(_device), type);
}
