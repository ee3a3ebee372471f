using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Nvg.Server.Observability;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Nvg.Server.Hosting;

/// <summary>
/// A whole server: the endpoints, the page, and their protection. <c>nvg serve</c> runs such a server. An application with its
/// own host maps the endpoints instead.
/// </summary>
public sealed class NvgServerHost : IAsyncDisposable
{
    private const string ExporterVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private static readonly TimeSpan ClosingTime = TimeSpan.FromSeconds(5);

    private readonly WebApplication _app;

    private NvgServerHost(WebApplication app) => _app = app;

    /// <summary>The services of the running server.</summary>
    public IServiceProvider Services => _app.Services;

    /// <summary>The addresses on which the server listens, with the assigned ports.</summary>
    public IReadOnlyList<string> Urls =>
        [.. _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses ?? []];

    /// <summary>Loads the models and starts listening.</summary>
    /// <param name="options">Settings.</param>
    /// <param name="configure">Changes services and logging before they are used, or null.</param>
    /// <param name="cancellation">Checked while the server starts.</param>
    /// <exception cref="ArgumentException">Settings are invalid, or the server would be open to others without a key.</exception>
    /// <exception cref="NvgDataException">A model folder is unusable.</exception>
    /// <exception cref="IOException">An address is in use.</exception>
    public static async Task<NvgServerHost> StartAsync(
        NvgHostOptions options, Action<WebApplicationBuilder>? configure = null, CancellationToken cancellation = default)
    {
        IReadOnlyList<string> hosts = ListeningCheck.Hosts(options);
        WebApplicationBuilder builder =
            WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        Configure(builder, options);
        configure?.Invoke(builder);
        WebApplication app = builder.Build();
        try
        {
            NvgStudio.UseSecurityHeaders(app);
            FallbackErrors.Use(app);
            HostCheck.Use(app, hosts);
            NvgStudio.UseFiles(app);
            app.UseRouting();
            app.MapNvg();
            await app.StartAsync(cancellation).ConfigureAwait(false);
            return new NvgServerHost(app);
        }
        catch
        {
            await app.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Rejects new work, lets accepted work finish, and closes.</summary>
    public Task StopAsync() => _app.StopAsync(CancellationToken.None);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static void Configure(WebApplicationBuilder builder, NvgHostOptions options)
    {
        builder.WebHost.UseUrls([.. options.Urls]);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.Server.BodyBytes;
            kestrel.Limits.MaxConcurrentConnections = options.MostConnections;
        });
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.Server.DrainTime + ClosingTime);
        // The program that runs the server handles signals.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddNvgServer(options.Server);
        builder.Logging.ClearProviders();
        builder.Logging.AddSimpleConsole(console => console.SingleLine = true);
        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(
            console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        // The program that starts the server reports why it did not start.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);
        if (Environment.GetEnvironmentVariable(ExporterVariable) is { Length: > 0 })
            AddExport(builder.Services);
    }

    private static void AddExport(IServiceCollection services) => services.AddOpenTelemetry()
        .WithMetrics(metrics => metrics
            .AddMeter(ServerMetrics.Name, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime")
            .AddOtlpExporter())
        .WithTracing(traces => traces.AddSource(ServerMetrics.Name).AddAspNetCoreInstrumentation().AddOtlpExporter());

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
