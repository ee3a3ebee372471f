using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Nvg.Server;
using Nvg.Server.Access;
using Nvg.Server.Automatic1111;
using Nvg.Server.Hosting;
using Nvg.Server.Jobs;
using Nvg.Server.Models;
using Nvg.Server.Native;
using Nvg.Server.Observability;
using Nvg.Server.OpenAi;
using Nvg.Server.Requests;
using Nvg.Server.Requests.Content;
using Nvg.Server.Scheduling;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the server to an application.</summary>
public static class NvgServerServices
{
    /// <summary>Adds the services for the endpoints of <c>MapNvg</c>. Models are loaded when the application starts.</summary>
    /// <param name="services">The services of the application.</param>
    /// <param name="configure">Sets the models and limits.</param>
    /// <exception cref="ArgumentException">The settings are invalid.</exception>
    public static IServiceCollection AddNvgServer(this IServiceCollection services, Action<NvgServerOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        var options = new NvgServerOptions();
        configure(options);
        return services.AddNvgServer(options);
    }

    /// <summary>Adds the services for the endpoints of <c>MapNvg</c>. Models are loaded when the application starts.</summary>
    /// <param name="services">The services of the application.</param>
    /// <param name="options">Models and limits.</param>
    /// <exception cref="ArgumentException">The settings are invalid.</exception>
    public static IServiceCollection AddNvgServer(this IServiceCollection services, NvgServerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Validate().ToArray() is { Length: > 0 } problems)
            throw new ArgumentException(string.Join("; ", problems));
        services.AddMetrics();
        services.AddSingleton(options);
        services.AddSingleton<ServerMetrics>().AddSingleton<MetricsExport>().AddSingleton<ServedModels>();
        services.AddSingleton(_ => new WorkerHealth(options.StallTime));
        var limits = new QueueLimits(options.QueueLimit, options.QueueLimitPerClient);
        services.AddSingleton(provider => new ImageQueue(limits, () => provider.GetRequiredService<WorkerHealth>().TimeOfImage));
        services.TryAddSingleton<IImageEngine, ModelEngine>();
        services.AddSingleton<Worker>().AddSingleton<JobStore>().AddSingleton<JobService>();
        services.AddSingleton<ContentReader>().AddSingleton<ReferenceReader>().AddSingleton<PlanBuilder>();
        services.AddSingleton<ApiKeys>().AddSingleton<ClientIdentity>().AddSingleton<EndpointGuard>();
        services.AddSingleton<ModelEndpoints>().AddSingleton<JobEndpoints>().AddSingleton<StructureEndpoints>()
            .AddSingleton<DocumentEndpoints>().AddSingleton<OpenAiRequestReader>().AddSingleton<OpenAiEndpoints>()
            .AddSingleton<Automatic1111RequestReader>()
            .AddSingleton<Automatic1111Endpoints>().AddSingleton<HealthEndpoints>();
        services.AddHostedService<NvgServerService>();
        services.AddOpenApi(NvgServerEndpoints.DocumentName, document => document.AddDocumentTransformer((content, _, _) =>
        {
            (content.Info.Title, content.Info.Version) = ("NVG", "1");
            return Task.CompletedTask;
        }));
        return services;
    }
}
