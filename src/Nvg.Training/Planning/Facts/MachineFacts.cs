using Nvg.Torch;

namespace Nvg.Training.Planning.Facts;

/// <summary>Facts about the training machine.</summary>
public sealed record MachineFacts
{
    /// <summary>Name of the device, such as <c>cpu</c> or <c>cuda:0</c>.</summary>
    public required string Device { get; init; }

    /// <summary>Number of compute threads.</summary>
    public required int Threads { get; init; }

    /// <summary>Measured rate of products of large matrices in <see cref="Precision"/>, in operations per second.</summary>
    public required double MatrixRate { get; init; }

    /// <summary>The precision in which the machine multiplies matrices fastest: bfloat16, or float32 if bfloat16 is emulated.</summary>
    public ScalarType Precision { get; init; } = ScalarType.BFloat16;

    /// <summary>Memory of the device that this process may use, in bytes.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Whether the weights of the perceptual loss (ResNet-18) are found.</summary>
    public bool HasPerceptualNetwork { get; init; }

    /// <summary>Whether the device is a GPU.</summary>
    public bool IsGpu => Device.StartsWith("cuda", StringComparison.Ordinal);
}
