using System.Globalization;

namespace Nvg.Torch;

/// <summary>The device of a tensor.</summary>
/// <param name="Type">The kind of device.</param>
/// <param name="Index">Index among devices of its kind; -1 is the current one.</param>
public readonly record struct Device(DeviceType Type, int Index = -1)
{
    /// <summary>The CPU.</summary>
    public static Device Cpu => new(DeviceType.Cpu);

    /// <summary>The meta device: shapes without memory.</summary>
    public static Device Meta => new(DeviceType.Meta);

    /// <summary>GPU number <paramref name="index"/>.</summary>
    public static Device Cuda(int index = 0) => new(DeviceType.Cuda, index);

    /// <summary>Reads <c>cpu</c>, <c>cuda</c> or <c>cuda:n</c>.</summary>
    /// <exception cref="FormatException">The text is none of these.</exception>
    public static Device Parse(string text)
    {
        if (text == "cpu")
            return Cpu;
        if (text == "cuda")
            return Cuda();
        if (text.StartsWith("cuda:", StringComparison.Ordinal) && int.TryParse(text.AsSpan(5), NumberStyles.None, null, out int index))
            return Cuda(index);
        throw new FormatException($"'{text}' is not a device: cpu, cuda or cuda:N");
    }

    /// <inheritdoc/>
    public override string ToString() => Type switch
    {
        DeviceType.Cuda => Index < 0 ? "cuda" : $"cuda:{Index}",
        DeviceType.Meta => "meta",
        _ => "cpu",
    };

    // There is only one CPU. With an index, libtorch would treat it as a different device and copy.
    internal long Packed => ((long)(int)Type << 32) | (uint)(Type == DeviceType.Cpu ? -1 : Index);
}
