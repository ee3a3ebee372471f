using Nvg.Server.Jobs;

namespace Nvg.Server.Native;

/// <summary>An image of a job as returned by the API.</summary>
internal sealed record JobImageAnswer(
    int Index, JobState State, int Class, string Label, string Seed, int Stages, string? Url, string? Document, double? Share,
    JobChange? Change)
{
    internal static JobImageAnswer Of(Job job, JobImage image)
    {
        bool isDone = image.Result is not null;
        return new JobImageAnswer(
            image.Index, image.State, image.Class, image.Label, $"{image.Request.Seed}", image.Stages,
            isDone ? job.Links.Image(image.Index) : null, isDone ? job.Links.Document(image.Index) : null,
            image.Request.Interpolation?.Share, JobChange.Of(image.Change));
    }
}
