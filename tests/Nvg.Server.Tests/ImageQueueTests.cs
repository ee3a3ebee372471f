using Nvg.Imaging;
using Nvg.Server.Models;
using Nvg.Server.Scheduling;
using Nvg.Torch;

namespace Nvg.Server.Tests;

/// <summary>Bounds, fairness and passes of the queue, without a server.</summary>
public sealed class ImageQueueTests : IDisposable
{
    private readonly NvgModel _model = TinyModels.Random();

    public void Dispose() => _model.Dispose();

    [Fact]
    public void Take_OfSeveralClients_TakesTurns()
    {
        ImageQueue queue = Queue();
        Add(queue, Served(1), "a", 10);
        Assert.Equal(["a"], Clients(queue.TryTake()));
        Add(queue, Served(1), "b", 2);
        Assert.Equal(["b"], Clients(queue.TryTake()));
        Assert.Equal(["a"], Clients(queue.TryTake()));
        Assert.Equal(["b"], Clients(queue.TryTake()));
        Assert.Equal(["a"], Clients(queue.TryTake()));
    }

    [Fact]
    public void Take_UnderLoadOfUnequalClients_GivesEqualShares()
    {
        const int clients = 5, passes = 400;
        ServedModel served = Served(4);
        ImageQueue queue = Queue(100_000);
        for (int i = 0; i < clients; i++)
            Add(queue, served, $"client {i}", 200 * (i + 2));
        Dictionary<string, int> counts = Enumerable.Range(0, passes / 4 * clients / clients).SelectMany(_ => Clients(queue.TryTake()))
            .GroupBy(c => c).ToDictionary(g => g.Key, g => g.Count());
        double mean = counts.Values.Average();
        Assert.Equal(clients, counts.Count);
        Assert.All(counts.Values, count => Assert.InRange(count, 0.9 * mean, 1.1 * mean));
    }

    [Fact]
    public void Take_OfAClientThatComesBack_DoesNotRewardItsAbsence()
    {
        ImageQueue queue = Queue();
        Add(queue, Served(1), "a", 20);
        for (int i = 0; i < 8; i++)
            queue.TryTake();
        Add(queue, Served(1), "late", 6);
        string[] taken = [.. Enumerable.Range(0, 8).SelectMany(_ => Clients(queue.TryTake()))];
        Assert.Equal(4, taken.Count(c => c == "late"));
    }

    [Fact]
    public void Take_OfAPass_PutsTogetherWhatSharesSettings()
    {
        ServedModel served = Served(3);
        ImageQueue queue = Queue();
        Add(queue, served, "a", 2);
        queue.Add([Task(served, "b", new ImageRequest(1) { Options = _model.Config.Sampling with { Temperature = 0.5 } })]);
        queue.Add([Task(served, "c", new ImageRequest(2))]);
        Assert.Equal(["a", "c", "a"], Clients(queue.TryTake()));
        Assert.Equal(["b"], Clients(queue.TryTake()));
    }

    [Fact]
    public void Add_BeyondTheLimit_IsRefusedWithATime()
    {
        ImageQueue queue = Queue(5, 3);
        Add(queue, Served(1), "a", 3);
        RequestException own = Assert.Throws<RequestException>(() => Add(queue, Served(1), "a", 1));
        Add(queue, Served(1), "b", 2);
        RequestException all = Assert.Throws<RequestException>(() => Add(queue, Served(1), "c", 1));
        Assert.Equal((429, 429, "client_queue_full", "queue_full"), (own.Status, all.Status, own.Code, all.Code));
        Assert.True(all.RetryAfter >= TimeSpan.FromSeconds(1));
        Assert.Equal(5, queue.Waiting);
    }

    [Fact]
    public void RemoveCancelled_OfAClient_MakesRoom()
    {
        using var leaving = new CancellationTokenSource();
        ImageQueue queue = Queue(2);
        queue.Add([Task(Served(1), "a", new ImageRequest(0), leaving.Token), Task(Served(1), "a", new ImageRequest(1), leaving.Token)]);
        leaving.Cancel();
        queue.RemoveCancelled("a");
        Assert.Equal(0, queue.Waiting);
        Add(queue, Served(1), "b", 2);
        Assert.Equal(["b"], Clients(queue.TryTake()));
    }

    // M/D/1: with the load ρ an image that takes s is finished after s · (1 + ρ / (2 (1 − ρ))) on average (Pollaczek and Khinchine).
    [Theory]
    [InlineData(0.3)]
    [InlineData(0.5)]
    [InlineData(0.7)]
    public void Simulation_OfOneReplicaAndSinglePasses_FollowsTheLawOfQueues(double load)
    {
        const double seconds = 2;
        SimulatedLoad simulated = new QueueSimulation(Served(1), seconds, new QueueLimits(100_000, 100_000), replicas: 1)
            .Run(load, seed: 3);
        double expected = seconds * (1 + load / (2 * (1 - load)));
        Assert.InRange(simulated.Mean, 0.95 * expected, 1.05 * expected);
        Assert.Equal(0, simulated.Refused);
    }

    [Fact]
    public void Simulation_AboveTheCapacity_RefusesWhatIsTooMuch()
    {
        SimulatedLoad simulated = new QueueSimulation(Served(8), 1, new QueueLimits(64, 32), replicas: 2).Run(2, seed: 3);
        Assert.InRange(simulated.Refused, 0.45, 0.55);
        Assert.InRange(simulated.MeanBatch, 7.5, 8);
    }

    private static ImageQueue Queue(int all = 1000, int? perClient = null) =>
        new(new QueueLimits(all, perClient ?? all), () => TimeSpan.FromSeconds(1));

    private ServedModel Served(int batch) => new(_model, ScalarType.Float32, batch);

    private static void Add(ImageQueue queue, ServedModel model, string client, int count) =>
        queue.Add([.. Enumerable.Range(0, count).Select(i => Task(model, client, new ImageRequest(0, (ulong)i)))]);

    private static ImageTask Task(ServedModel model, string client, ImageRequest request, CancellationToken cancellation = default) =>
        new(client, model, request, new Deaf(), 0, false, cancellation);

    private static string[] Clients(List<ImageTask> pass) => [.. pass.Select(t => t.Client)];

    private sealed class Deaf : IPassListener
    {
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
}
