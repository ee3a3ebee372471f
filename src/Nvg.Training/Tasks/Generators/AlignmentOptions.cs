namespace Nvg.Training.Tasks.Generators;

/// <summary>Representation alignment (REPA) with a frozen image encoder (specification, section 8).</summary>
public sealed record AlignmentOptions
{
    /// <summary>Path of the weights of a DINOv2 vision transformer of any width, PyTorch or safetensors.</summary>
    public required string Weights { get; init; }

    /// <summary>Number (from 1) of the content generator's block whose output is aligned.</summary>
    public int Block { get; init; } = 8;

    /// <summary>Width of the two hidden layers between the block and the features.</summary>
    public int HiddenWidth { get; init; } = 2048;
}
