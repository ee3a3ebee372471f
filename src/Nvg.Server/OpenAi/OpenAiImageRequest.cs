using Nvg.Imaging;
using Nvg.Server.Requests.Bodies;

namespace Nvg.Server.OpenAi;

/// <summary>A request for images as OpenAI's clients send it, without the fields that this server does not use.</summary>
internal sealed record OpenAiImageRequest
{
    internal required string Prompt { get; init; }

    internal string? Model { get; init; }

    internal int Count { get; init; } = 1;

    internal ImageFormat Format { get; init; } = ImageFormat.Png;

    internal bool WantsUrl { get; init; }

    internal bool Stream { get; init; }

    internal int PartialImages { get; init; }

    /// <summary>Fields that OpenAI's API does not have: structure, kept stages, settings, and the other fields of a job.</summary>
    internal required OpenAiExtension Extension { get; init; }

    /// <summary>Seed of the first image, or null for a random seed.</summary>
    internal System.Text.Json.JsonElement? Seed { get; init; }
}

/// <summary>The field <c>nvg</c>: the fields of a job, and how results are returned.</summary>
internal sealed record OpenAiExtension
{
    public System.Text.Json.JsonElement? Class { get; init; }

    public TargetBody? To { get; init; }

    public StructureBody? Structure { get; init; }

    public string? Construction { get; init; }

    public ReferenceBody? Reference { get; init; }

    public KeepBody? Keep { get; init; }

    public MaskBody? Mask { get; init; }

    public SamplingBody? Sampling { get; init; }

    /// <summary>Enlargement of the images.</summary>
    public int Scale { get; init; } = 1;

    /// <summary>Whether every image comes with its document, in base64.</summary>
    public bool Document { get; init; }
}
