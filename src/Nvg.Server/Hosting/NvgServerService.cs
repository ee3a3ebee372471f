using Microsoft.Extensions.Hosting;
using Nvg.Server.Jobs;
using Nvg.Server.Models;
using Nvg.Server.Scheduling;

namespace Nvg.Server.Hosting;

/// <summary>
/// Connects the server to the lifetime of its application: models are loaded before requests arrive, and accepted work is
/// finished before connections are closed.
/// </summary>
internal sealed class NvgServerService : IHostedLifecycleService
{
    private readonly ServedModels _models;
    private readonly Worker _worker;
    private readonly JobService _jobs;

    public NvgServerService(ServedModels models, Worker worker, JobService jobs) => (_models, _worker, _jobs) = (models, worker, jobs);

    /// <inheritdoc/>
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        await Task.Run(_models.Load, cancellationToken).ConfigureAwait(false);
        _worker.Start();
        _jobs.Start();
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Runs before the listener stops, so that new requests get an error with the reason.</summary>
    public Task StoppingAsync(CancellationToken cancellationToken) => _jobs.DrainAsync(cancellationToken);

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken)
    {
        _worker.Stop();
        return Task.CompletedTask;
    }
}
