using System.CommandLine;
using Nvg.Cli.Arguments;
using Nvg.Cli.Terminal;
using Nvg.Imaging;
using Nvg.Torch;
using Nvg.Torch.Distributed;

namespace Nvg.Cli.Commands;

/// <summary><c>nvg doctor</c>: shows what is installed, what is missing and how to install it.</summary>
internal sealed class DoctorCommand
{
    private const string BlasKernels = "OPENBLAS_CORETYPE";
    private const int ProductSide = 1024;

    private readonly Option<bool> _json = CommonOptions.Json();

    internal static Command Create()
    {
        var arguments = new DoctorCommand();
        Command command = new Command("doctor", "Show what is installed, what is missing and how to install it").With(arguments._json);
        command.SetAction(arguments.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        Machine machine = Machine.Current();
        List<Finding> findings = [.. OfMachine(machine), .. OfTorch(), OfImages(), OfModel()];
        bool missing = findings.Any(f => f.State == State.Missing);
        if (parsed.GetValue(_json))
            MachineOutput.Write(new Report(!missing, machine, findings));
        else
            Print(findings);
        return missing ? CommandRunner.Failed : CommandRunner.Done;
    }

    private static IEnumerable<Finding> OfMachine(Machine machine) =>
    [
        new(".NET", machine.Runtime),
        new("system", machine.System),
        new("processor", $"{machine.Processor}, {machine.Cores} cores, {machine.Instructions}"),
        new("memory", $"{machine.MemoryGiB:F1} GiB"),
    ];

    private static List<Finding> OfTorch()
    {
        try
        {
            TorchRuntime.Load();
            TorchRuntime.ThreadCount = Environment.ProcessorCount;
            bool isManaged = TorchRuntime.Door == TorchDoor.Managed;
            return [.. isManaged ? OfManagedDoor() : OfCompiledDoor(), OfProduct(ScalarType.Float32), OfProduct(ScalarType.BFloat16)];
        }
        catch (TorchException error)
        {
            const string advice =
                "install libtorch (Debian: apt-get install libtorch-dev libopenblas0-pthread) or set LIBTORCH, then run ./nvg doctor";
            return [new Finding("libtorch", error.Message, State.Missing, advice)];
        }
    }

    private static Finding[] OfCompiledDoor()
    {
        string settings = TorchRuntime.BuildSettings;
        return
        [
            new("native library", TorchRuntime.LoadedPath!),
            new("libtorch", $"{TorchRuntime.Version}, {Line(settings, "MKL-DNN") ?? "without oneDNN"}, "
                + $"{Line(settings, "CPU capability") ?? "unknown capability"}, {TorchRuntime.ThreadCount} threads"),
            OfBlas(),
            new("BLAS kernels", $"{BlasKernels}={Machine.NativeVariable(BlasKernels) ?? "(not set)"}"),
            OfCuda(),
            OfProcessGroups(),
        ];
    }

    private static Finding[] OfManagedDoor() =>
    [
        new("door", "managed: images on the CPU, without training", State.Note, "docs/doors.md"),
        new("libtorch", $"{TorchRuntime.Version}, {TorchRuntime.LoadedPath}, {TorchRuntime.ThreadCount} threads"),
    ];

    private static Finding OfBlas() => Machine.LoadedBlas() switch
    {
        null => new Finding("BLAS", "inside libtorch"),
        { } path when Machine.IsFastBlas(path) => new Finding("BLAS", path),
        var path => new Finding("BLAS", path, State.Slow,
            "the reference BLAS is about 25 times slower: apt-get install libopenblas0-pthread"),
    };

    private static Finding OfProduct(ScalarType type)
    {
        double speed = Machine.MeasureProduct(type, ProductSide);
        return new Finding($"{type.ToString().ToLowerInvariant()} product", $"{speed:F0} GFLOP/s ({ProductSide}³)", Gflops: speed);
    }

    private static Finding OfCuda() => new("CUDA", TorchRuntime.CudaDeviceCount switch
    {
        0 => "no usable device",
        1 => "1 device",
        var count => $"{count} devices",
    });

    private static Finding OfProcessGroups()
    {
        bool gloo = ProcessGroup.Has(ProcessGroupBackend.Gloo), nccl = ProcessGroup.Has(ProcessGroupBackend.Nccl);
        return gloo
            ? new Finding("process groups", nccl ? "Gloo, NCCL" : "Gloo (CPU)")
            : new Finding("process groups", "none: training uses a single process", State.Note, "docs/building.md, 'Groups of processes'");
    }

    private static Finding OfImages()
    {
        try
        {
            return new Finding("libvips", $"{ImageLibrary.Version}");
        }
        catch (DllNotFoundException error)
        {
            return new Finding("libvips", error.Message.ReplaceLineEndings(" "), State.Missing, "docs/building.md, 'libvips'");
        }
    }

    private static Finding OfModel()
    {
        string? named = ModelFolder.FromEnvironment(), folder = named ?? ModelFolder.FindShipped();
        return folder is not null && File.Exists(Path.Combine(folder, "config.json"))
            ? new Finding("model", folder)
            : new Finding(
                "model", named is null
                    ? $"models/{ModelFolder.ShippedName} is missing" : $"{ModelFolder.Variable}={named} is not a model folder",
                State.Note, "name a model with --model DIR");
    }

    private static string? Line(string settings, string word) =>
        settings.Split('\n').FirstOrDefault(line => line.Contains(word, StringComparison.Ordinal))?.Trim(' ', '-').Split(" (")[0];

    private static void Print(IReadOnlyList<Finding> findings)
    {
        int width = findings.Max(f => f.Name.Length);
        foreach (Finding finding in findings)
        {
            ConsoleText.Print($"{Mark(finding.State)}  {finding.Name.PadRight(width)}  {finding.Value}");
            if (finding.Advice is not null)
                ConsoleText.Print($"{new string(' ', width + 11)}{finding.Advice}");
        }
    }

    private static string Mark(State state) => state switch
    {
        State.Missing => "MISSING",
        State.Slow => "slow   ",
        State.Note => "note   ",
        _ => "ok     ",
    };

    private enum State
    {
        Ok,
        Note,
        Slow,
        Missing,
    }

    private sealed record Finding(string Name, string Value, State State = State.Ok, string? Advice = null, double? Gflops = null);

    private sealed record Report(bool Ready, Machine Machine, IReadOnlyList<Finding> Findings);
}
