using System.CommandLine;
using Nvg.Cli.Arguments;
using Nvg.Cli.Output;
using Nvg.Cli.Terminal;
using Nvg.Reporting;
using Nvg.Torch;
using Nvg.Training.Scaling;

namespace Nvg.Cli.Commands.Evaluate;

/// <summary><c>nvg evaluate scaling</c>: loss over parameters and compute of several training runs.</summary>
internal static class EvaluateScalingCommand
{
    internal static Command Create()
    {
        var runs = new Argument<string[]>("runs") { Description = "Folders of runs of nvg train generator", Arity = ArgumentArity.OneOrMore };
        var term = new Option<string>("--term") { Description = "Which figure of the runs' stats.jsonl", HelpName = "NAME", DefaultValueFactory = _ => "loss" };
        var report = new Option<string?>("--report") { Description = "Also write a report with plots", HelpName = "FILE.html" };
        var json = CommonOptions.Json();
        var command = new Command("scaling", "Fit power laws of the loss over parameters and over compute") { runs, term, report, json };
        command.SetAction(parsed => Run(parsed.GetRequiredValue(runs), parsed.GetRequiredValue(term), parsed.GetValue(report), parsed.GetValue(json)));
        return command;
    }

    private static int Run(string[] folders, string term, string? file, bool json)
    {
        if (file is not null)
            ImageOutput.RequireWritable(file);
        TorchRuntime.Load();
        List<TrainingCurve> curves = [.. folders.Select(folder => TrainingCurve.Read(folder, term))];
        var scaling = new ScalingReport(curves);
        if (file is not null)
            Report(scaling, term).Write(file);
        if (json)
        {
            MachineOutput.Write(new Figures(
                [.. curves.Select(c => new RunFigures(c.Name, c.Parameters, c.Points[^1].Compute, c.FinalLoss))], FitFigures.Of(scaling.OverParameters), FitFigures.Of(scaling.OverCompute)));
            return CommandRunner.Done;
        }

        ConsoleTable.Write([.. ScalingReport.Headings], scaling.Rows().Select(r => r.ToArray()));
        Console.WriteLine($"{term} over parameters: {ScalingReport.Describe(scaling.OverParameters)}");
        Console.WriteLine($"{term} over compute:    {ScalingReport.Describe(scaling.OverCompute)}");
        return CommandRunner.Done;
    }

    private static HtmlReport Report(ScalingReport scaling, string term)
    {
        HtmlReport report = new HtmlReport("Loss over parameters and compute", DateTimeOffset.UtcNow)
            .Paragraph($"'{term}' of training runs. Compute is 6 floating-point operations for every parameter and latent position of the stages that a step trains; the fit over compute is of the least loss that any run reached with so much, as means of {TrainingCurve.Window} log lines without the warm-up. A fit of three places is an interpolation; the residual is the root of the mean squared difference from the law.")
            .Section("Runs").Table(ScalingReport.Headings, scaling.Rows())
            .Section("Fits").Settings([new($"{term} over parameters x", ScalingReport.Describe(scaling.OverParameters)), new($"{term} over operations x", ScalingReport.Describe(scaling.OverCompute))])
            .Section("Plots");
        foreach (LinePlot plot in scaling.Plots())
            report.Plot(plot);
        return report.Section("How this was made").Code(CommandLineText.Current).Settings(ReportVersions.Current());
    }

    private sealed record RunFigures(string Name, long Parameters, double Operations, double FinalLoss);

    private sealed record FitFigures(
        double Offset, double Factor, double Exponent, int Points, int Places, double Residual, bool OffsetAtZero, bool ExponentAtBound, bool IsInterpolation)
    {
        internal static FitFigures? Of(PowerLawFit? fit) => fit is null
            ? null
            : new FitFigures(fit.Law.Offset, fit.Law.Factor, fit.Law.Exponent, fit.Points, fit.Places, fit.Residual, fit.OffsetAtZero, fit.ExponentAtBound, fit.IsInterpolation);
    }

    private sealed record Figures(IReadOnlyList<RunFigures> Runs, FitFigures? OverParameters, FitFigures? OverCompute);
}
