using System.CommandLine;
using System.CommandLine.Parsing;
using Nvg.Cli.Terminal;
using Nvg.Torch;

namespace Nvg.Cli.Arguments;

/// <summary>Options shared by several commands. Each command gets its own instances.</summary>
internal static class CommonOptions
{
    internal static Option<Device> Device() => new("--device")
    {
        Description = "Device to compute on",
        HelpName = "cpu|cuda[:n]",
        DefaultValueFactory = _ => Torch.Device.Cpu,
        CustomParser = result =>
        {
            try
            {
                return Torch.Device.Parse(result.Tokens[0].Value);
            }
            catch (FormatException error)
            {
                result.AddError($"--device: {error.Message}");
                return default;
            }
        },
    };

    internal static Option<int> Threads() => new("--threads")
    {
        Description = "CPU threads; the number of cores by default",
        DefaultValueFactory = _ => Environment.ProcessorCount,
        HelpName = "N",
    };

    internal static Option<string?> Model() => new("--model")
    {
        Description = $"Model folder, or the name of a shipped model; by default {ModelFolder.Variable} or {ModelFolder.ShippedName}",
        HelpName = "DIR",
        CompletionSources = { ModelSuggestions.Models },
    };

    internal static Option<bool> Json() => new("--json") { Description = "Print the result as JSON" };

    internal static Option<int> Batch(int size) =>
        new("--batch") { Description = "Images per batch", HelpName = "N", DefaultValueFactory = _ => size };

    // Without a default value, because the default depends on the device.
    internal static Option<int?> GenerationBatch(string before = "") => new("--batch")
    {
        Description = $"Images per batch (default: {before}{GenerationRequest.DefaultBatchSize(DeviceType.Cpu)} on CPU, "
            + $"{GenerationRequest.DefaultBatchSize(DeviceType.Cuda)} on GPU). Another size may round differently",
        HelpName = "N",
    };

    internal static Option<string?> HtmlReport() =>
        new("--report") { Description = "Also write a report as one HTML file", HelpName = "FILE.html" };

    // Without a default value, because the help would show its .NET name.
    internal static Option<ScalarType?> DataType(string? description = null) => new("--dtype")
    {
        Description = description
            ?? "Precision of matrix products and convolutions; float32 by default. int8 is for the generator's blocks on a CPU, "
            + "with bfloat16 for the rest. Images of the same seed differ between precisions",
        HelpName = "float32|bfloat16|int8",
        CustomParser = result => Parse(result, ScalarType.Float32, ScalarType.BFloat16, ScalarType.Int8),
    };

    /// <summary>The requested precision, or float32.</summary>
    internal static ScalarType GetDataType(this ParseResult parsed, Option<ScalarType?> option) =>
        parsed.GetValue(option) ?? ScalarType.Float32;

    internal static Option<ScalarType?> StoredDataType() => new("--dtype")
    {
        Description = "Precision of the stored matrices; that of the source by default",
        HelpName = "float32|bfloat16",
        CustomParser = ParseStoredType,
    };

    /// <summary>Whether an option is on the command line.</summary>
    internal static bool IsGiven(this ParseResult parsed, Option option) => parsed.GetResult(option) is { Implicit: false };

    /// <summary>Adds options to a command in the given order.</summary>
    internal static Command With(this Command command, params IEnumerable<Option> options)
    {
        foreach (Option option in options)
            command.Options.Add(option);
        return command;
    }

    /// <summary>Loads libtorch, sets the number of threads and checks that the device exists.</summary>
    /// <exception cref="UsageException">The device does not exist, or the number of threads is not positive.</exception>
    internal static void Apply(Device device, int threads)
    {
        if (threads < 1)
            throw new UsageException($"--threads must be at least 1, not {threads}");
        if (threads > Environment.ProcessorCount)
            ConsoleText.Note($"note: --threads {threads} on {ConsoleText.Count(Environment.ProcessorCount, "core")} makes the work slower");
        TorchRuntime.Load();
        TorchRuntime.ThreadCount = threads;
        if (device.Type == DeviceType.Cuda && Math.Max(device.Index, 0) >= TorchRuntime.CudaDeviceCount)
            throw new UsageException(
                $"--device {device}: libtorch {TorchRuntime.Version} finds {ConsoleText.Count(TorchRuntime.CudaDeviceCount, "GPU")}");
    }

    /// <summary>Parses a type in which numbers are stored.</summary>
    internal static ScalarType? ParseStoredType(ArgumentResult result) => Parse(result, ScalarType.Float32, ScalarType.BFloat16);

    /// <summary>Parses one of several types.</summary>
    internal static ScalarType? Parse(ArgumentResult result, params ScalarType[] types)
    {
        string name = result.Tokens[0].Value;
        int index = Array.FindIndex(types, type => name.Equals(type.ToString(), StringComparison.OrdinalIgnoreCase));
        if (index >= 0)
            return types[index];
        result.AddError($"--dtype takes one of {string.Join(", ", types).ToLowerInvariant()}, not '{name}'");
        return null;
    }
}
