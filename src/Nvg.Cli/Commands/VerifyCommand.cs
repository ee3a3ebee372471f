using System.CommandLine;
using Nvg.Cli.Arguments;
using Nvg.Cli.Terminal;
using Nvg.Torch;
using Nvg.Verification;
using Nvg.Verification.Checks;

namespace Nvg.Cli.Commands;

/// <summary><c>nvg verify</c>: compares this build with reference values, on this machine and device.</summary>
internal sealed class VerifyCommand
{
    private readonly Argument<string> _folder = new("fixtures") { Description = "Folder of reference values (*.safetensors)" };
    private readonly Option<Device> _device = CommonOptions.Device();

    private readonly Option<ScalarType?> _type = new("--dtype")
    {
        Description = "Precision of matrix products and convolutions; float32 by default. With bfloat16 tensors are compared as a whole",
        HelpName = "float32|bfloat16",
        CustomParser = CommonOptions.ParseStoredType,
    };

    private readonly Option<bool> _operations = new("--operations")
    {
        Description = "Also compare the device with the CPU: every operation that it computes differently",
    };

    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<bool> _json = CommonOptions.Json();

    internal static Command Create()
    {
        var arguments = new VerifyCommand();
        Command command = new Command("verify", "Compare this build with reference values") { arguments._folder }
            .With(arguments._device, arguments._type, arguments._operations, arguments._threads, arguments._json);
        command.SetAction(arguments.RunAsync);
        return command;
    }

    private Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        CommonOptions.Apply(parsed.GetValue(_device), parsed.GetValue(_threads));
        return Task.Run(() => Run(parsed, cancellation), CancellationToken.None);
    }

    private IEnumerable<FixtureReport> Reports(ParseResult parsed)
    {
        Device device = parsed.GetValue(_device);
        IEnumerable<FixtureReport> fixtures =
            FixtureVerification.Run(parsed.GetRequiredValue(_folder), device, parsed.GetDataType(_type));
        return parsed.GetValue(_operations) ? fixtures.Append(OperationVerification.Run(device)) : fixtures;
    }

    private int Run(ParseResult parsed, CancellationToken cancellation)
    {
        bool json = parsed.GetValue(_json);
        var reports = new List<FixtureReport>();
        foreach (FixtureReport fixture in Reports(parsed))
        {
            cancellation.ThrowIfCancellationRequested();
            reports.Add(fixture);
            if (!json)
                FileFailure.Writing("standard output", () => VerificationReport.WriteText(Console.Out, fixture));
        }

        var report = new VerificationReport(reports);
        if (json)
        {
            MachineOutput.Write(report.ToJson());
        }
        else
        {
            ConsoleText.Print($"{report.NotCovered} tensors not covered");
            ConsoleText.Print($"{report.Passed} passed, {report.Failed} failed");
        }

        return report.Succeeded ? CommandRunner.Done : CommandRunner.Failed;
    }
}
