using Nvg.Control;

namespace Nvg.Server.Jobs;

/// <summary>How much an image changed inside and outside its mask, as the API reports it.</summary>
/// <param name="Inside">Mean change of pixels inside, in units of 1/255.</param>
/// <param name="Outside">Mean change of pixels outside, in the same units.</param>
/// <param name="ByDistance">Mean change by distance from the region in positions; the first is inside.</param>
internal sealed record JobChange(double Inside, double Outside, IReadOnlyList<double> ByDistance)
{
    internal static JobChange? Of(RegionChange? change) =>
        change is null ? null : new JobChange(change.MeanInside, change.MeanOutside, change.MeanByDistance);
}
