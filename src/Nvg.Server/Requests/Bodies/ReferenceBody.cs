namespace Nvg.Server.Requests.Bodies;

/// <summary>An image or an earlier result, from one source.</summary>
internal sealed record ReferenceBody
{
    /// <summary>Base64 or a data URL of an image or a document.</summary>
    public string? Image { get; init; }

    /// <summary>Id of a job whose results still exist.</summary>
    public string? Job { get; init; }

    public int Index { get; init; }
}
