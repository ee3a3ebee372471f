using System.Diagnostics;
using System.Diagnostics.Metrics;
using Nvg.Torch;

namespace Nvg.Server.Observability;

/// <summary>The meter and the trace source of the server, both named <c>Nvg</c>.</summary>
internal sealed class ServerMetrics
{
    internal const string Name = "Nvg";
    internal const string Operation = "generate_content";

    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _wait;
    private readonly Histogram<int> _batch;
    private readonly Histogram<double> _stage;
    private readonly Counter<long> _images;
    private readonly Counter<long> _rejected;
    private readonly Meter _meter;

    public ServerMetrics(IMeterFactory factory)
    {
        _meter = factory.Create(Name);
        _duration = _meter.CreateHistogram<double>(
            "gen_ai.server.request.duration", "s", "Time from a request to its last image, waiting included");
        _wait = _meter.CreateHistogram<double>("nvg.queue.wait", "s", "Time that an image waited before it was computed");
        _batch = _meter.CreateHistogram<int>("nvg.batch.size", "{image}", "Images of requests in a pass, without the copies that fill it");
        _stage = _meter.CreateHistogram<double>("nvg.stage.duration", "s", "Time of one stage of a pass");
        _images = _meter.CreateCounter<long>("nvg.images", "{image}", "Images that were completed");
        _rejected = _meter.CreateCounter<long>("nvg.rejected", "{request}", "Requests that were rejected, by reason");
        _meter.CreateObservableGauge("nvg.tensors.live", () => Tensor.LiveCount, "{tensor}", "Live tensors in the process");
    }

    /// <summary>Spans of jobs.</summary>
    internal static ActivitySource Traces { get; } = new(Name);

    internal void ObserveQueue(Func<int> waiting, Func<int> running)
    {
        _meter.CreateObservableGauge("nvg.queue.length", waiting, "{image}", "Waiting images");
        _meter.CreateObservableGauge("nvg.running", running, "{image}", "Images that are being computed");
    }

    internal void RecordJob(string model, TimeSpan time, string? error)
    {
        var tags = new TagList
        {
            { "gen_ai.operation.name", Operation }, { "gen_ai.provider.name", "nvg" }, { "gen_ai.request.model", model },
        };
        if (error is not null)
            tags.Add("error.type", error);
        _duration.Record(time.TotalSeconds, tags);
    }

    internal void RecordWait(TimeSpan time) => _wait.Record(time.TotalSeconds);

    internal void RecordPass(int images) => _batch.Record(images);

    internal void RecordStage(TimeSpan time) => _stage.Record(time.TotalSeconds);

    internal void CountImages(string model, int count) =>
        _images.Add(count, new KeyValuePair<string, object?>("gen_ai.request.model", model));

    internal void CountRejected(string reason) => _rejected.Add(1, new KeyValuePair<string, object?>("reason", reason));
}
