using System.Diagnostics;
using Nvg.Server.Models;
using Nvg.Server.Scheduling;
using Nvg.Torch;

namespace Nvg.Cli.Bench;

/// <summary>Times a pass of a model and simulates a server's queue with it.</summary>
internal static class QueueBench
{
    private const int Seed = 1;
    private static readonly double[] Loads = [0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1, 1.2];

    /// <summary>Seconds per pass: the median of several, after a warm-up.</summary>
    /// <param name="model">Borrowed.</param>
    /// <param name="batch">Images per pass.</param>
    /// <param name="repeat">Number of timed passes.</param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    internal static double PassSeconds(NvgModel model, int batch, int repeat, CancellationToken cancellation)
    {
        var request = new GenerationRequest
        {
            Images = [.. Enumerable.Range(0, batch).Select(i => new ImageRequest(i % model.Classes.Classes.Count, (ulong)i))],
            BatchSize = batch,
        };
        List<double> seconds = [];
        for (int i = 0; i <= repeat; i++)
        {
            var clock = Stopwatch.StartNew();
            foreach (GeneratedImage _ in model.Generate(request, null, cancellation))
            {
                // The images are not used.
            }

            seconds.Add(clock.Elapsed.TotalSeconds);
        }

        return seconds.Skip(1).Order().ElementAt(repeat / 2);
    }

    /// <summary>Simulates latency over load.</summary>
    /// <param name="model">Borrowed.</param>
    /// <param name="type">Precision of the model.</param>
    /// <param name="batch">Images per pass.</param>
    /// <param name="passSeconds">Seconds per pass.</param>
    /// <param name="replicas">Number of servers.</param>
    /// <param name="limits">Bounds of each queue.</param>
    internal static IReadOnlyList<SimulatedLoad> Run(
        NvgModel model, ScalarType type, int batch, double passSeconds, int replicas, QueueLimits limits)
    {
        var simulation = new QueueSimulation(new ServedModel(model, type, batch), passSeconds, limits, replicas);
        return [.. Loads.Select(load => simulation.Run(load, Seed))];
    }
}
