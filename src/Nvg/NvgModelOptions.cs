using Nvg.Torch;

namespace Nvg;

/// <summary>How a model is loaded. The defaults are those of the <c>nvg</c> command, so equal seeds give equal bytes.</summary>
public sealed record NvgModelOptions
{
    /// <summary>Where the parameters go and images are computed.</summary>
    public Device Device { get; init; } = Device.Cpu;

    /// <summary>
    /// Element type of the matrices of generators and decoder; null keeps the stored one. Another type rounds differently and
    /// so gives other images for the same seed.
    /// </summary>
    public ScalarType? Type { get; init; } = ScalarType.Float32;

    /// <summary>
    /// CPU threads that one operation may use, set for the whole process (<see cref="TorchRuntime.ThreadCount"/>); null leaves
    /// the setting as it is. Another number may round differently.
    /// </summary>
    public int? Threads { get; init; } = Environment.ProcessorCount;
}
