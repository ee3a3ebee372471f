using Nvg.Imaging;
using Nvg.Server.Models;

namespace Nvg.Server.Scheduling;

/// <summary>
/// Simulates latency over load in simulated time with the real queue. Images arrive at random (a Poisson process) from equally
/// active clients, and replicas, each with its own queue, compute passes of a fixed duration. A replica is chosen at random, as
/// by a load balancer.
/// </summary>
/// <param name="model">The model, which determines the batch size; borrowed.</param>
/// <param name="passSeconds">Duration of a pass in seconds.</param>
/// <param name="limits">Limits of each queue.</param>
/// <param name="replicas">Number of servers, each with its own queue.</param>
internal sealed class QueueSimulation(ServedModel model, double passSeconds, QueueLimits limits, int replicas)
{
    private const int Clients = 50, Images = 20_000;

    /// <summary>Maximum number of images per second that the replicas compute.</summary>
    internal double Capacity => replicas * model.BatchSize / passSeconds;

    /// <summary>Simulates a load.</summary>
    /// <param name="load">Arriving images as a share of the capacity.</param>
    /// <param name="seed">Seed of the arrivals.</param>
    internal SimulatedLoad Run(double load, int seed)
    {
        var random = new Random(seed);
        Replica[] servers = [.. Enumerable.Range(0, replicas).Select(_ => new Replica(this))];
        double now = 0;
        int refused = 0;
        for (int i = 0; i < Images; i++)
        {
            now += -Math.Log(1 - random.NextDouble()) / (load * Capacity);
            Replica server = servers[random.Next(replicas)];
            server.WorkUntil(now);
            if (!server.TryAdd(now, $"client {random.Next(Clients)}", i))
                refused++;
        }

        foreach (Replica server in servers)
        {
            server.WorkUntil(double.PositiveInfinity);
            server.Dispose();
        }

        double[] seconds = [.. servers.SelectMany(s => s.Seconds).Order()];
        double Percentile(double share) => seconds[Math.Min(seconds.Length - 1, (int)(share * seconds.Length))];
        return new SimulatedLoad(
            load, load * Capacity, servers.SelectMany(s => s.Passes).Average(), seconds.Average(), Percentile(0.5), Percentile(0.95),
                Percentile(0.99),
            (double)refused / Images);
    }

    /// <summary>One queue and its worker.</summary>
    private sealed class Replica(QueueSimulation simulation) : IPassListener, IDisposable
    {
        private readonly ImageQueue _queue = new(simulation.Limits, () => TimeSpan.FromSeconds(1));
        private readonly Dictionary<int, double> _arrivals = [];
        private double _free;

        internal List<double> Seconds { get; } = [];

        internal List<int> Passes { get; } = [];

        internal bool TryAdd(double now, string client, int image)
        {
            try
            {
                _queue.Add([new ImageTask(client, simulation.Model, new ImageRequest(0), this, image, false, CancellationToken.None)]);
            }
            catch (RequestException)
            {
                return false;
            }

            _arrivals[image] = now;
            // If the queue was empty and the worker free, the pass starts at once.
            _free = Math.Max(_free, _queue.Waiting == 1 ? now : 0);
            return true;
        }

        internal void WorkUntil(double now)
        {
            while (_free <= now && _queue.TryTake() is { Count: > 0 } pass)
            {
                _free += simulation.PassSeconds;
                Passes.Add(pass.Count);
                foreach (ImageTask task in pass)
                {
                    _arrivals.Remove(task.Index, out double arrival);
                    Seconds.Add(_free - arrival);
                }
            }
        }

        public void Dispose() => _queue.Dispose();

        public void Started(IReadOnlyList<int> images)
        {
        }

        public void StageDone(int stage, IReadOnlyList<(int Image, int[] Structure, RgbImage? Preview)> images)
        {
        }

        public void Completed(int image, GeneratedImage result)
        {
        }

        public void Failed(int image, Exception error)
        {
        }
    }

    private ServedModel Model => model;

    private double PassSeconds => passSeconds;

    private QueueLimits Limits => limits;
}
