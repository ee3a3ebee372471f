using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.AI;

namespace Nvg.Extensions.AI;

/// <summary>An event during generation: a stage of some images is finished, or one image is finished.</summary>
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

    /// <summary>The current state of each of these images, or the finished image.</summary>
    public IReadOnlyList<AIContent> Contents { get; }

    /// <summary>Completed share of the request, from 0 to 1.</summary>
    public double Share => RawRepresentation.Share;

    /// <summary>
    /// The library's event: a <see cref="StageCompleted"/>, which has structure maps, or an <see cref="ImageCompleted"/>.
    /// </summary>
    public GenerationUpdate RawRepresentation { get; }
}
