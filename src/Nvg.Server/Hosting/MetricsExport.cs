using System.Diagnostics.Metrics;
using Nvg.Server.Observability;
using Prometheus;

namespace Nvg.Server.Hosting;

/// <summary>Exports the meters of the server, ASP.NET Core and the runtime in the format of Prometheus.</summary>
internal sealed class MetricsExport : IDisposable
{
    private static readonly string[] Others = ["Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime"];

    // In seconds: from a stage of a small model to minutes in the queue.
    private static readonly double[] Bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

    private readonly IDisposable _adapter;

    public MetricsExport(ServerMetrics metrics)
    {
        // Declared as a dependency, so that the meter exists before it is read.
        _ = metrics;
        _adapter = MeterAdapter.StartListening(new MeterAdapterOptions
        {
            InstrumentFilterPredicate = IsExported,
            Registry = Registry,
            MetricFactory = Metrics.WithCustomRegistry(Registry),
            ResolveHistogramBuckets = _ => Bounds,
        });
    }

    internal CollectorRegistry Registry { get; } = Metrics.NewCustomRegistry();

    /// <inheritdoc/>
    public void Dispose() => _adapter.Dispose();

    private static bool IsExported(Instrument instrument) => instrument.Meter.Name == ServerMetrics.Name
        || Others.Contains(instrument.Meter.Name);
}
