namespace Nvg.Server.Jobs;

/// <summary>The paths of a job.</summary>
/// <param name="Self">Path of the job itself.</param>
internal sealed record JobLinks(string Self)
{
    /// <summary>The links of a job without paths, whose client gets everything in one response.</summary>
    internal static JobLinks None { get; } = new("");

    internal string Events => $"{Self}/events";

    /// <summary>The links of a job below this path.</summary>
    internal JobLinks Of(string id) => new($"{Self}/{id}");

    internal string Image(int index) => $"{Self}/images/{index}.png";

    internal string Document(int index) => $"{Self}/images/{index}.nvg";

    internal string Stage(int index, int stage) => $"{Self}/images/{index}/stages/{stage}";
}
