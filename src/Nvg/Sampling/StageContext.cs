using Nvg.Conditioning;
using Nvg.Granularity;
using Nvg.Tokenizers;
using Nvg.Torch;

namespace Nvg.Sampling;

/// <summary>All inputs of one stage of the generation loop. Borrows its tensors.</summary>
/// <remarks>Shapes: B images, L positions, C latent channels, K structure channels.</remarks>
internal sealed record StageContext
{
    /// <summary>The stage (i).</summary>
    internal required int Stage { get; init; }

    /// <summary>The latent positions.</summary>
    internal required LatentGrid Grid { get; init; }

    /// <summary>The canvas, unscaled: before the stage for its content, after the stage for the next structure map.</summary>
    internal required Tensor Canvas_BLC { get; init; }

    /// <summary>Structure map of the stage.</summary>
    internal required Tensor Labels_BL { get; init; }

    /// <summary>Classes of the images.</summary>
    internal required ClassConditioning Classes { get; init; }

    /// <summary>Random numbers of the images.</summary>
    internal required ImageNoise Noise { get; init; }

    /// <summary>Settings.</summary>
    internal required SamplingOptions Options { get; init; }

    /// <summary>Rejects non-finite predictions at the end of the batch; null to reject them immediately.</summary>
    internal FiniteChecks? Checks { get; init; }

    /// <summary>The given parts of the images, or null if nothing is given.</summary>
    internal GivenBatch? Given { get; init; }

    /// <summary>Checked before each forward pass.</summary>
    internal CancellationToken Cancellation { get; init; }

    /// <summary>Number of images (B).</summary>
    internal int Count => (int)Labels_BL.Size(0);

    /// <summary>Number of clusters (2^i).</summary>
    internal int ClusterCount => LatentGrid.ClusterCount(Stage);

    /// <summary>The device that the stage is computed on.</summary>
    internal Device Device => Labels_BL.Device;

    /// <summary>Rejects non-finite values, immediately or at the end of the batch.</summary>
    /// <param name="values">One row per image of this stage.</param>
    /// <param name="part">The part of the model that predicted them.</param>
    /// <exception cref="NvgDataException">A value is NaN or infinite.</exception>
    internal void RequireFinite(Tensor values, string part)
    {
        if (Checks is null)
            PredictedValues.RequireFinite(values, part, Noise.Describe);
        else
            Checks.Add(values, part, Noise.Describe);
    }

    /// <summary>Embedding of the structure map, B × L × K; belongs to the innermost scope.</summary>
    internal Tensor EmbedStructure() => StructureEmbedding.Embed(Labels_BL, Stage, Grid.LastStage);

    /// <summary>The images that are not completely given.</summary>
    /// <param name="known">The given part of the values to generate, or null if nothing is given.</param>
    internal BatchSubset Incomplete(GivenValues? known) =>
        new(known?.IncompleteImages ?? [.. Enumerable.Range(0, Count).Select(b => (long)b)], Count, Device);

    /// <summary>The same stage for some of the images; the tensors belong to the innermost scope, except the noise.</summary>
    /// <param name="images">The images.</param>
    /// <param name="noise">Their random numbers.</param>
    internal StageContext Select(BatchSubset images, ImageNoise noise) => this with
    {
        Canvas_BLC = images.Select(Canvas_BLC),
        Labels_BL = images.Select(Labels_BL),
        Classes = Classes.Select(images),
        Noise = noise,
        Given = Given?.Select(images),
    };
}
