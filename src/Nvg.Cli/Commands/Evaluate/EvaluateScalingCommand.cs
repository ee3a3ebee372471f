using System.CommandLine;
using Nvg.Cli.Arguments;
using Nvg.Cli.Output;
using Nvg.Cli.Terminal;
using Nvg.Reporting;
using Nvg.Torch;
using Nvg.Training.Scaling;

namespace Nvg.Cli.Commands.Evaluate;

/// <summary><c>nvg evaluate scaling</c>: fits the loss of training runs over parameters and compute.</summary>
internal sealed class EvaluateScalingCommand
{
    private readonly Argument<string[]> _runs =
        new("runs") { Description = "Folders of runs of nvg train generator", Arity = ArgumentArity.OneOrMore };

    private readonly Option<string> _term = new("--term")
    {
        Description = "Name of the value in stats.jsonl",
        HelpName = "NAME",
        DefaultValueFactory = _ => "loss",
    };

    private readonly Option<string?> _report = CommonOptions.HtmlReport();
    private readonly Option<bool> _json = CommonOptions.Json();

    internal static Command Create()
    {
        var arguments = new EvaluateScalingCommand();
        Command command = new Command("scaling", "Fit power laws of the loss over parameters and over compute") { arguments._runs }
            .With(arguments._term, arguments._report, arguments._json);
        command.SetAction(arguments.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        string term = parsed.GetRequiredValue(_term);
        string? file = parsed.GetValue(_report);
        if (file is not null)
            ImageOutput.RequireWritable(file);
        TorchRuntime.Load();
        List<TrainingCurve> curves = [.. parsed.GetRequiredValue(_runs).Select(folder => TrainingCurve.Read(folder, term))];
        var scaling = new ScalingReport(curves);
        if (file is not null)
            Report(scaling, term).Write(file);
        if (parsed.GetValue(_json))
        {
            MachineOutput.Write(new Result(
                [.. curves.Select(c => new RunResult(c.Name, c.Parameters, c.Points[^1].Compute, c.FinalLoss))],
                FitResult.Of(scaling.OverParameters), FitResult.Of(scaling.OverCompute)));
            return CommandRunner.Done;
        }

        ConsoleTable.Write([.. ScalingReport.Headings], scaling.Rows().Select(r => r.ToArray()));
        ConsoleText.Print($"{term} over parameters: {ScalingReport.Describe(scaling.OverParameters)}");
        ConsoleText.Print($"{term} over compute:    {ScalingReport.Describe(scaling.OverCompute)}");
        return CommandRunner.Done;
    }

    private static HtmlReport Report(ScalingReport scaling, string term)
    {
        HtmlReport report = new HtmlReport("Loss over parameters and compute", DateTimeOffset.UtcNow)
            .Paragraph(
                $"'{term}' of training runs. Compute is 6 floating-point operations per parameter and latent position of the stages "
                    + "that a step "
                + "trains. The fit over compute uses the lowest loss that any run reached with that much compute, as means of "
                + $"{TrainingCurve.Window} log lines without the warm-up. A fit of three sizes is an interpolation; the residual is "
                    + "the root "
                + "mean squared difference from the law.")
            .Section("Runs").Table(ScalingReport.Headings, scaling.Rows())
            .Section("Fits").Settings(
            [
                new($"{term} over parameters x", ScalingReport.Describe(scaling.OverParameters)),
                new($"{term} over operations x", ScalingReport.Describe(scaling.OverCompute)),
            ])
            .Section("Plots");
        foreach (LinePlot plot in scaling.Plots())
            report.Plot(plot);
        return report.Section("How to reproduce this report").Code(CommandLineText.Current).Settings(ReportVersions.Current());
    }

    private sealed record RunResult(string Name, long Parameters, double Operations, double FinalLoss);

    private sealed record FitResult(
        double Offset, double Factor, double Exponent, int Points, int Places, double Residual, bool OffsetAtZero, bool ExponentAtBound,
        bool IsInterpolation)
    {
        internal static FitResult? Of(PowerLawFit? fit) => fit is null
            ? null
            : new FitResult(
                fit.Law.Offset, fit.Law.Factor, fit.Law.Exponent, fit.Points, fit.Places, fit.Residual, fit.OffsetAtZero,
                fit.ExponentAtBound,
                fit.IsInterpolation);
    }

    private sealed record Result(IReadOnlyList<RunResult> Runs, FitResult? OverParameters, FitResult? OverCompute);
}
