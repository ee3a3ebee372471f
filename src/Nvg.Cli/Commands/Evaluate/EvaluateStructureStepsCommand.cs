using System.CommandLine;
using Nvg.Cli.Arguments;
using Nvg.Cli.Terminal;
using Nvg.Evaluation.Studies;
using Nvg.Sampling.Schedules;
using Nvg.Torch;

namespace Nvg.Cli.Commands.Evaluate;

/// <summary><c>nvg evaluate structure-steps</c>: measures the effect of fewer structure flow steps.</summary>
internal sealed class EvaluateStructureStepsCommand
{
    private readonly Option<string?> _model = CommonOptions.Model();

    private readonly Option<int> _count = new("--count")
    {
        Description = "Number of images, of all classes in turn",
        HelpName = "N",
        DefaultValueFactory = _ => 50,
    };

    private readonly Option<string[]> _steps = new("--steps")
    {
        Description = "Step counts to compare, as for --structure-steps",
        HelpName = "N|N,N,…|auto",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => ["25", "12", "8", "4", "2", "1", "auto"],
    };

    private readonly Option<string?> _reference = new("--reference")
    {
        Description = $"Model whose images with {StructureSteps.Published} steps serve as the reference, such as the one that was "
            + "distilled; by default the model itself",
        HelpName = "DIR",
    };

    private readonly Option<Device> _device = CommonOptions.Device();
    private readonly Option<ScalarType?> _type = CommonOptions.DataType();
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<bool> _json = CommonOptions.Json();

    internal static Command Create()
    {
        var arguments = new EvaluateStructureStepsCommand();
        Command command =
            new Command("structure-steps", "Measure how many positions change sides with fewer steps of the structure flow").With(
            arguments._model, arguments._reference, arguments._count, arguments._steps, arguments._device,
            arguments._type, arguments._threads, arguments._json);
        command.SetAction(arguments.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        int count = parsed.GetValue(_count);
        if (count < 1)
            throw new UsageException($"--count must be at least 1, not {count}");
        StructureSteps[] candidates = [.. parsed.GetRequiredValue(_steps).Select(text => StructureSteps.Parse(text)
            ?? throw new UsageException($"--steps takes numbers, lists such as 25,20,15,10,8, or auto; not '{text}'"))];
        CommonOptions.Apply(parsed.GetValue(_device), parsed.GetValue(_threads));
        using NvgModel model =
            NvgModel.Load(ModelFolder.Resolve(parsed.GetValue(_model)), parsed.GetValue(_device), parsed.GetDataType(_type));
        using NvgModel? original = parsed.GetValue(_reference) is { } folder
            ? NvgModel.Load(ModelFolder.Locate(folder), parsed.GetValue(_device), parsed.GetDataType(_type))
            : null;
        int lastStage = model.GeneratorConfig.Grid.LastStage;
        if (candidates.SelectMany(c => c.Validate(lastStage)).FirstOrDefault() is { } problem)
            throw new UsageException(problem);
        IReadOnlyList<StructureStepAgreement> rows = await ConsoleProgress.ShowAsync("comparing", progress => Task.Run(
            () => StructureStepAgreement.Measure(
                model, count, StructureSteps.Published, candidates,
                new SynchronousProgress<int>(done => progress.Report($"{done} of {count} images", (double)done / count)), original,
                cancellation),
            CancellationToken.None));
        if (parsed.GetValue(_json))
            MachineOutput.Write(rows);
        else
            ConsoleTable.Write(["steps", "steps per image", "same side", "by stage"], rows.Select(Row));
        return CommandRunner.Done;
    }

    private static string[] Row(StructureStepAgreement r) =>
        [$"{r.Steps}", $"{r.StepsPerImage:F1}", $"{r.Agreement:P1}", string.Join(" ", r.StageAgreement.Select(a => $"{a:P1}"))];
}
