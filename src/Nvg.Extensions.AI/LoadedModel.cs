namespace Nvg.Extensions.AI;

/// <summary>A model that is loaded on first use and owned by the services of an application.</summary>
/// <param name="folder">The model folder.</param>
/// <param name="options">How it is loaded.</param>
internal sealed class LoadedModel(string folder, NvgModelOptions options) : IDisposable, IAsyncDisposable
{
    private readonly Lazy<NvgModel> _model = new(() => NvgModel.LoadAsync(folder, options).GetAwaiter().GetResult());

    internal NvgModel Model => _model.Value;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_model.IsValueCreated)
            _model.Value.Dispose();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _model.IsValueCreated ? _model.Value.DisposeAsync() : ValueTask.CompletedTask;
}
