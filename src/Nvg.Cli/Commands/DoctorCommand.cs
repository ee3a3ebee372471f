using System.CommandLine;
using Nvg.Cli.Arguments;
using Nvg.Cli.Launching;
using Nvg.Cli.Terminal;
using Nvg.Documents;
using Nvg.Imaging;
using Nvg.Torch;
using Nvg.Torch.Distributed;

namespace Nvg.Cli.Commands;

/// <summary><c>nvg doctor</c>: shows what is installed, what is missing and how to install it.</summary>
internal sealed class DoctorCommand
{
    private const string BlasKernels = "OPENBLAS_CORETYPE";
    private const int ProductSide = 1024;

    /// <summary>The document in the folder of the shipped model, for the self-test.</summary>
    internal const string RecordedImage = "recorded.nvg";

    private readonly Option<bool> _json = CommonOptions.Json();

    private readonly Option<bool> _selfTest = new("--self-test")
    {
        Description = "Also generate the image that was recorded with the model, and compare tokens and pixels",
    };

    private readonly Option<bool> _fetch = new("--fetch-libtorch")
    {
        Description = "First restore libtorch for inference on the CPU from NuGet (130 MB), for a machine without libtorch",
    };

    internal static Command Create()
    {
        var arguments = new DoctorCommand();
        Command command = new Command("doctor", "Show what is installed, what is missing and how to install it")
            .With(arguments._selfTest, arguments._fetch, arguments._json);
        command.SetAction(arguments.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(_fetch))
        {
            await LibtorchPackage.FetchAsync(cancellation);
            LibtorchPackage.Offer();
        }

        Machine machine = Machine.Current();
        List<Finding> findings = [.. OfMachine(machine), .. OfTorch(), OfImages(), OfModel()];
        if (parsed.GetValue(_selfTest))
        {
            // Without libraries there is nothing to test; the missing parts are listed above.
            if (findings.Any(f => f.State == State.Missing))
                findings.Add(new Finding("self-test", "not run: something is missing", State.Missing));
            else
                findings.AddRange(await SelfTestAsync(cancellation));
        }

        bool failed = findings.Any(f => f.State is State.Missing or State.Wrong);
        if (parsed.GetValue(_json))
            MachineOutput.Write(new Report(!failed, machine, findings));
        else
            Print(findings);
        return failed ? CommandRunner.Failed : CommandRunner.Done;
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
                "install libtorch (Debian: apt-get install libtorch-dev libopenblas0-pthread) or set LIBTORCH, then run ./nvg doctor; "
                + "to generate images only, nvg doctor --fetch-libtorch is enough";
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
            OfOneDnn(),
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

    private static Finding OfOneDnn() => TorchRuntime.UsesOneDnn
        ? new Finding("oneDNN", "computes convolutions as libtorch does without it")
        : new Finding("oneDNN", "not used: missing, or its convolutions are wrong on this processor", State.Slow,
            "bfloat16 products are slow without it, so train in float32, or use another libtorch: docs/building.md, 'oneDNN'");

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

    // The recorded image was made with the shipped model: tokens must be equal; decoders may round differently by one grey level.
    private static async Task<Finding[]> SelfTestAsync(CancellationToken cancellation)
    {
        string folder = ModelFolder.FromEnvironment() ?? ModelFolder.FindShipped() ?? "";
        string file = Path.Combine(folder, RecordedImage);
        if (!File.Exists(file))
            return [new Finding("self-test", $"not run: there is no {file}", State.Missing)];
        ImageDocument recorded = ImageDocument.Read(file);
        using NvgModel model = await NvgModel.LoadAsync(folder, cancellation: cancellation);
        GeneratedImage image = await model.GenerateAsync(recorded.Description.Class, recorded.Description.Seed, cancellation: cancellation);
        bool sameTokens = image.Sequence.SequenceEqual(recorded.Sequence);
        int distance = image.Image.Pixels.Zip(recorded.Image.Pixels, (a, b) => Math.Abs(a - b)).Max();
        return
        [
            new Finding("tokens", sameTokens ? "as recorded" : "differ from the recorded ones", sameTokens ? State.Ok : State.Wrong),
            new Finding("image", distance switch
            {
                0 => "as recorded",
                1 => "as recorded, within one grey level",
                _ => $"differs from the recorded one by up to {distance} grey levels",
            }, distance <= 1 ? State.Ok : State.Wrong),
        ];
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
        State.Wrong => "WRONG  ",
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
        Wrong,
    }

    private sealed record Finding(string Name, string Value, State State = State.Ok, string? Advice = null, double? Gflops = null);

    private sealed record Report(bool Ready, Machine Machine, IReadOnlyList<Finding> Findings);
}
