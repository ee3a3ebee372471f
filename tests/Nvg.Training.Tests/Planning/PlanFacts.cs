using Nvg.Data.Datasets;
using Nvg.Training.Planning.Facts;

namespace Nvg.Training.Tests.Planning;

/// <summary>Facts to plan with.</summary>
internal static class PlanFacts
{
    internal static PlanRequest Request(double hours = 4) => new() { Name = "photos", Hours = hours };

    internal static DataFacts Data(int images = 5000, int classes = 10, int side = 256) => new()
    {
        Source = "photos",
        Classes = [.. Enumerable.Range(0, classes).Select(i => new DatasetClass($"{i}", (images + i) / classes))],
        MedianSide = side,
        SmallestSide = side,
    };

    /// <summary>Two processor cores by default.</summary>
    internal static MachineFacts Machine(double rate = 2e11, double gibibytes = 16, bool perceptual = true, string device = "cpu") => new()
    {
        Device = device,
        Threads = 2,
        MatrixRate = rate,
        MemoryBytes = (long)(gibibytes * (1L << 30)),
        HasPerceptualNetwork = perceptual,
    };
}
