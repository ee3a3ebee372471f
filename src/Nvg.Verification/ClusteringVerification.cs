using Nvg.Granularity;
using Nvg.Torch;
using Nvg.Verification.Checks;
using Nvg.Verification.Fixtures;

namespace Nvg.Verification;

/// <summary>
/// Checks structure construction: labels of all stages from points. A suffix (<c>points64</c>) marks additional sets of points.
/// </summary>
internal static class ClusteringVerification
{
    private const string Points = "points";

    internal static void Run(Fixture fixture)
    {
        string[] suffixes = [.. fixture.Following(Points)];
        if (suffixes.Length == 0)
            throw new InvalidDataException($"the file has no tensor '{Points}'");
        foreach (string suffix in suffixes)
        {
            using Tensor labels_BSL = StructureConstruction.Build(fixture.Input(Points + suffix));
            fixture.Check("labels" + suffix, labels_BSL, Tolerance.Exact);
        }
    }
}
