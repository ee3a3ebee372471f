using Nvg.Control;

namespace Nvg.Server.Jobs;

/// <summary>One image of a job. Guarded by the lock of its job.</summary>
internal sealed class JobImage(int index, ImageRequest request, int @class, string label, int stages)
{
    internal int Index => index;

    internal ImageRequest Request => request;

    internal int Class => @class;

    internal string Label => label;

    internal JobState State { get; set; }

    /// <summary>Number of finished stages.</summary>
    internal int Stages { get; set; }

    internal GeneratedImage? Result { get; set; }

    internal RegionChange? Change { get; set; }

    /// <summary>Previews of finished stages as PNG; null for a stage without a preview.</summary>
    internal byte[]?[] Previews { get; } = new byte[]?[stages];

    /// <summary>Approximate memory of the results in bytes.</summary>
    internal long Bytes => Previews.Sum(p => (long)(p?.Length ?? 0)) + (Result is { } result ? BytesOf(result) : 0);

    // Counts the pixels, and a label and a token for every position of every stage.
    private static long BytesOf(GeneratedImage result) =>
        result.Image.Pixels.Length + 2L * sizeof(int) * result.Sequence.Grid.StageCount * result.Sequence.Grid.Length;
}
