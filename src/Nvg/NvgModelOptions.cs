using Nvg.Torch;

namespace Nvg;

/// <summary>Options for loading a model. The defaults match the <c>nvg</c> command, so equal seeds give identical bytes.</summary>
public sealed record NvgModelOptions
{
    /// <summary>Device for the parameters and for computing images.</summary>
    public Device Device { get; init; } = Device.Cpu;

    /// <summary>
    /// Element type of the generators' and decoder's matrices; null keeps the stored type. A different type rounds differently and
    /// therefore gives different images for the same seed. <see cref="ScalarType.Int8"/> computes the matrix products of the generators'
    /// blocks in int8 and everything else as with bfloat16. It needs a CPU with AMX, or AVX-512 with VNNI and bfloat16.
    /// </summary>
    public ScalarType? Type { get; init; } = ScalarType.Float32;

    /// <summary>
    /// CPU threads that one operation may use, set for the whole process (<see cref="TorchRuntime.ThreadCount"/>); null leaves the setting
    /// unchanged. A different number may change the rounding.
    /// </summary>
    public int? Threads { get; init; } = Environment.ProcessorCount;
}
