using System.CommandLine;
using Nvg.Cli.Arguments;
using Nvg.Cli.Terminal;
using Nvg.Torch;
using Nvg.Verification;

namespace Nvg.Cli.Commands;

/// <summary><c>nvg verify</c>: compares this build with reference numbers, on this machine and device.</summary>
internal static class VerifyCommand
{
    internal static Command Create()
    {
        var folder = new Argument<string>("fixtures") { Description = "Folder of reference numbers (*.safetensors)" };
        Option<Device> device = CommonOptions.Device();
        Option<int> threads = CommonOptions.Threads();
        Option<bool> json = CommonOptions.Json();
        var command = new Command("verify", "Compare this build with reference numbers") { folder, device, threads, json };
        command.SetAction((parsed, cancellation) =>
        {
            CommonOptions.Apply(parsed.GetValue(device), parsed.GetValue(threads));
            return Task.Run(() => Run(parsed.GetRequiredValue(folder), parsed.GetValue(device), parsed.GetValue(json), cancellation), CancellationToken.None);
        });
        return command;
    }

    private static int Run(string folder, Device device, bool json, CancellationToken cancellation)
    {
        var reports = new List<FixtureReport>();
        foreach (FixtureReport fixture in FixtureVerification.Run(folder, device))
        {
            cancellation.ThrowIfCancellationRequested();
            reports.Add(fixture);
            if (!json)
                VerificationReport.WriteText(Console.Out, fixture);
        }

        var report = new VerificationReport(reports);
        Console.WriteLine(json ? MachineOutput.Format(report.ToJson()) : $"{report.NotCovered} tensors not covered{Environment.NewLine}{report.Passed} passed, {report.Failed} failed");
        return report.Succeeded ? CommandRunner.Done : CommandRunner.Failed;
    }
}
