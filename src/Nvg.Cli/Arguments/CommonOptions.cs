using System.CommandLine;
using System.CommandLine.Parsing;
using Nvg.Cli.Terminal;
using Nvg.Torch;

namespace Nvg.Cli.Arguments;

/// <summary>Options that several commands share, made anew for each.</summary>
internal static class CommonOptions
{
    internal static Option<Device> Device() => new("--device")
    {
        Description = "Where to compute: cpu, cuda or cuda:N",
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
                result.AddError(error.Message);
                return default;
            }
        },
    };

    internal static Option<int> Threads() => new("--threads")
    {
        Description = "Threads on the processor; all cores by default",
        DefaultValueFactory = _ => Environment.ProcessorCount,
        HelpName = "N",
    };

    internal static Option<string?> Model() => new("--model")
    {
        Description = $"The model's folder; without it {ModelFolder.Variable}, then the model that ships",
        HelpName = "DIR",
    };

    internal static Option<bool> Json() => new("--json") { Description = "Print the result as JSON" };

    // Not by a default value: help would show it by .NET's name.
    internal static Option<ScalarType?> DataType() => new("--dtype")
    {
        Description = "Precision of products and convolutions: float32 or bfloat16; float32 by default",
        HelpName = "float32|bfloat16",
        CustomParser = ParseDataType,
    };

    /// <summary>The precision that is asked for, or the usual one.</summary>
    internal static ScalarType GetDataType(this ParseResult parsed, Option<ScalarType?> option) => parsed.GetValue(option) ?? ScalarType.Float32;

    internal static Option<ScalarType?> StoredDataType() => new("--dtype")
    {
        Description = "Precision to store matrices in: float32 or bfloat16; theirs by default",
        HelpName = "float32|bfloat16",
        CustomParser = ParseDataType,
    };

    private static ScalarType? ParseDataType(ArgumentResult result)
    {
        switch (result.Tokens[0].Value.ToLowerInvariant())
        {
            case "float32":
                return ScalarType.Float32;
            case "bfloat16":
                return ScalarType.BFloat16;
            case var other:
                result.AddError($"'{other}' is no precision: float32 or bfloat16");
                return null;
        }
    }

    /// <summary>Loads libtorch, sets the threads and checks that the device is there.</summary>
    /// <exception cref="UsageException">The device does not exist here, or the number of threads is not positive.</exception>
    internal static void Apply(Device device, int threads)
    {
        if (threads < 1)
            throw new UsageException($"--threads must be at least 1, not {threads}");
        TorchRuntime.Load();
        TorchRuntime.ThreadCount = threads;
        if (device.Type == DeviceType.Cuda && Math.Max(device.Index, 0) >= TorchRuntime.CudaDeviceCount)
            throw new UsageException($"--device {device}: this libtorch ({TorchRuntime.Version}) sees {TorchRuntime.CudaDeviceCount} GPUs");
    }
}
