namespace Nvg.Server.Jobs;

/// <summary>The paths of a job.</summary>
/// <param name="Self">Of the job itself.</param>
internal sealed record JobLinks(string Self)
{
    /// <summary>Of a job that has no paths, because its client gets everything in one answer.</summary>
    internal static JobLinks None { get; } = new("");

    internal string Events => $"{Self}/events";

    /// <summary>The links of one of the jobs below this path.</summary>
    internal JobLinks Of(string id) => new($"{Self}/{id}");

    internal string Image(int index) => $"{Self}/images/{index}.png";

    internal string Document(int index) => $"{Self}/images/{index}.nvg";

    internal string Stage(int index, int stage) => $"{Self}/images/{index}/stages/{stage}";
}
