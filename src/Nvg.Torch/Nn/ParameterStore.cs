using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Nvg.Torch.Nn;

/// <summary>The named tensors of a model, in the order of their construction. Owns and disposes them.</summary>
public sealed class ParameterStore : IReadOnlyDictionary<string, Tensor>, IDisposable
{
    private readonly Dictionary<string, Tensor> _tensors = [];
    private readonly List<string> _names = [];
    private readonly HashSet<string> _buffers = [];

    /// <inheritdoc/>
    public IEnumerable<string> Keys => _names;

    /// <inheritdoc/>
    public IEnumerable<Tensor> Values => _names.Select(n => _tensors[n]);

    /// <inheritdoc/>
    public int Count => _names.Count;

    /// <summary>Names of the learned tensors, in order, without buffers (fixed tables).</summary>
    public IEnumerable<string> TrainableNames => _names.Where(n => !_buffers.Contains(n));

    /// <summary>Number of elements of all learned tensors.</summary>
    public long ParameterCount => TrainableNames.Sum(n => _tensors[n].ElementCount);

    /// <inheritdoc/>
    public Tensor this[string key] => _tensors[key];

    /// <summary>Takes ownership of a tensor under a new name.</summary>
    /// <param name="name">Full name with dots.</param>
    /// <param name="tensor">The tensor; removed from every open scope.</param>
    /// <param name="isBuffer">Whether it is a fixed table instead of a learned tensor.</param>
    public void Add(string name, Tensor tensor, bool isBuffer = false)
    {
        _tensors.Add(name, tensor.Own());
        _names.Add(name);
        if (isBuffer)
            _buffers.Add(name);
    }

    /// <summary>Whether a tensor is a fixed table.</summary>
    public bool IsBuffer(string name) => _buffers.Contains(name);

    /// <summary>Turns autograd on or off for all learned tensors.</summary>
    public void SetRequiresGrad(bool required)
    {
        foreach (string name in TrainableNames)
            _tensors[name].RequiresGrad = required;
    }

    /// <summary>Copies of tensors under the same names, detached from autograd.</summary>
    /// <param name="includes">Selects tensors by name; null for all.</param>
    public ParameterStore CloneDetached(Func<string, bool>? includes = null)
    {
        var copy = new ParameterStore();
        foreach (string name in _names.Where(includes ?? (_ => true)))
        {
            using Tensor detached = _tensors[name].Detach();
            copy.Add(name, detached.Clone(), IsBuffer(name));
        }

        return copy;
    }

    /// <summary>Overwrites the values with those of another store with the same names and shapes.</summary>
    public void CopyFrom(IReadOnlyDictionary<string, Tensor> source)
    {
        using GradMode noGrad = Autograd.NoGrad();
        foreach (string name in _names)
            _tensors[name].CopyFrom(source[name]);
    }

    /// <summary>
    /// Overwrites the values of all names that another store also contains, with the same shapes; the others stay unchanged.
    /// </summary>
    internal void CopySharedFrom(IReadOnlyDictionary<string, Tensor> source)
    {
        using GradMode noGrad = Autograd.NoGrad();
        foreach (string name in _names.Where(source.ContainsKey))
            _tensors[name].CopyFrom(source[name]);
    }

    /// <inheritdoc/>
    public bool ContainsKey(string key) => _tensors.ContainsKey(key);

    /// <inheritdoc/>
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out Tensor value) => _tensors.TryGetValue(key, out value);

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, Tensor>> GetEnumerator() =>
        _names.Select(n => KeyValuePair.Create(n, _tensors[n])).GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in _tensors.Values)
            tensor.Dispose();
    }
}
