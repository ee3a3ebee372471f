using Nvg.Configuration;
using Nvg.Torch;

namespace Nvg.Server.Models;

/// <summary>
/// The models by name. A name from a request is looked up only here and never becomes part of a path. Owns the models that it
/// loaded.
/// </summary>
internal sealed class ServedModels : IDisposable
{
    private const int MostSuggestions = 3, LongestName = 200;

    private readonly NvgServerOptions _options;
    private readonly List<NvgModel> _owned = [];
    private Dictionary<string, ServedModel> _byName = [];

    public ServedModels(NvgServerOptions options) => _options = options;

    /// <summary>All models; the default model is first.</summary>
    internal IReadOnlyList<ServedModel> All { get; private set; } = [];

    internal bool IsLoaded => All.Count > 0;

    internal ServedModel Default => All.Count > 0 ? All[0] : throw new RequestException(503, "the models are still being loaded");

    /// <summary>Loads the models.</summary>
    /// <exception cref="NvgDataException">A folder is unusable or has no generator, or two models have the same name.</exception>
    internal void Load()
    {
        if (IsLoaded)
            return;
        TorchRuntime.Load();
        if (_options.Threads is { } threads)
            TorchRuntime.ThreadCount = threads;
        foreach (string folder in _options.ModelFolders)
            _owned.Add(NvgModel.Load(folder, _options.Device, _options.Type));
        ServedModel[] all = [.. _owned.Concat(_options.Models).Select(Serve)];
        if (all.GroupBy(m => m.Name).FirstOrDefault(g => g.Count() > 1) is { } same)
            throw new NvgDataException($"two models are named {same.Key}: change the name in the config.json of one");
        _byName = all.ToDictionary(m => m.Name, StringComparer.Ordinal);
        All = all;
    }

    /// <summary>A model by name, or the default model if the name is null. Returns null if no model has this name.</summary>
    internal ServedModel? Find(string? name) => name is null ? Default : _byName.GetValueOrDefault(name);

    /// <summary>A model by name, or the default model if the name is null.</summary>
    /// <exception cref="RequestException">No model has this name.</exception>
    internal ServedModel Get(string? name) => Find(name) ?? throw new RequestException(400, Unknown(name!))
    {
        Field = "model",
        Suggestions = [.. NearestNames.Of(Shortened(name!), _byName.Keys, MostSuggestions)],
    };

    /// <summary>The error message for a name that no model has.</summary>
    internal string Unknown(string name) => $"no model '{Shortened(name)}': this server has {string.Join(", ", All.Select(m => m.Name))}";

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (NvgModel model in _owned)
            model.Dispose();
        _owned.Clear();
    }

    private static string Shortened(string name) => name.Length <= LongestName ? name : name[..LongestName] + "…";

    private ServedModel Serve(NvgModel model)
    {
        model.RequireGenerator();
        return new ServedModel(model, _options.Type, _options.BatchSize ?? GenerationRequest.DefaultBatchSize(model.Device.Type));
    }
}
