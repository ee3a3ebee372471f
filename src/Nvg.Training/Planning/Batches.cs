using Nvg.Training.Planning.Facts;

namespace Nvg.Training.Planning;

/// <summary>Chooses the number of images per step.</summary>
internal static class Batches
{
    /// <summary>The smallest batch that is planned.</summary>
    internal const int Smallest = 8;

    /// <summary>Share of the memory that training may take.</summary>
    internal const double MemoryShare = 0.5;

    // With fewer steps than the first number, smaller batches learn more; with more steps than the second, larger batches do.
    private const double FewSteps = 500, ManySteps = 20_000;
    private const int Usual = 64, Largest = 256;

    /// <summary>The batch size for the number of images that a stage sees.</summary>
    /// <param name="seen">Images of all steps together.</param>
    /// <param name="machine">The machine.</param>
    /// <param name="memory">Memory of a batch, in bytes.</param>
    internal static int For(double seen, MachineFacts machine, Func<int, long> memory)
    {
        int batch = Smallest;
        while (2 * batch <= Largest && IsWorth(2 * batch, seen) && memory(2 * batch) <= machine.MemoryBytes * MemoryShare)
            batch *= 2;
        return batch;
    }

    private static bool IsWorth(int batch, double seen) => seen / batch >= (batch <= Usual ? FewSteps : ManySteps);
}
