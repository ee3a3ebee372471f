using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.AI;

namespace Nvg.Extensions.AI;

/// <summary>An event while images are generated: images that have finished a stage, or one image that is finished.</summary>
[Experimental("MEAI001")]
public sealed class NvgImageUpdate
{
    internal NvgImageUpdate(GenerationUpdate raw, int? stage, IReadOnlyList<int> images, IReadOnlyList<AIContent> contents) =>
        (RawRepresentation, Stage, Images, Contents) = (raw, stage, images, contents);

    /// <summary>The stage that is finished, from 0; null for a finished image.</summary>
    public int? Stage { get; }

    /// <summary>Whether an image is finished.</summary>
    public bool IsCompleted => Stage is null;

    /// <summary>Indices of the images in the request.</summary>
    public IReadOnlyList<int> Images { get; }

    /// <summary>For each of them the image so far, or the finished one.</summary>
    public IReadOnlyList<AIContent> Contents { get; }

    /// <summary>Share of the whole request that is done, from 0 to 1.</summary>
    public double Share => RawRepresentation.Share;

    /// <summary>
    /// The event of the library: a <see cref="StageCompleted"/>, which has structure maps, or an <see cref="ImageCompleted"/>.
    /// </summary>
    public GenerationUpdate RawRepresentation { get; }
}
