namespace Nvg.Torch.Nn;

/// <summary>
/// A node in a model's parameter tree: <c>path / "conv_in"</c> names a module, and <see cref="Parameter"/> creates or loads one of its
/// tensors and adds it to the model's store.
/// </summary>
public readonly struct ParameterPath
{
    private readonly ParameterStore _store;
    private readonly ParameterSource _source;
    private readonly string _prefix;
    private readonly ScalarType? _type;

    /// <summary>The root of a model.</summary>
    /// <param name="store">Receives and owns every tensor.</param>
    /// <param name="source">Provides the values.</param>
    public ParameterPath(ParameterStore store, ParameterSource source) : this(store, source, "", null) { }

    private ParameterPath(ParameterStore store, ParameterSource source, string prefix, ScalarType? type)
    {
        _store = store;
        _source = source;
        _prefix = prefix;
        _type = type;
    }

    /// <summary>Device of the parameters.</summary>
    public Device Device => _source.Device;

    /// <summary>A module below this path.</summary>
    public static ParameterPath operator /(ParameterPath path, string name) =>
        new(path._store, path._source, $"{path._prefix}{name}.", path._type);

    /// <summary>A numbered module below this path.</summary>
    public static ParameterPath operator /(ParameterPath path, int index) => path / index.ToString();

    /// <summary>The same path, with a different element type for matrices and kernels than the source's.</summary>
    /// <param name="type">The type, or null for the source's.</param>
    public ParameterPath In(ScalarType? type) => new(_store, _source, _prefix, type);

    /// <summary>A learned tensor of this module, owned by the model's store.</summary>
    public Tensor Parameter(string name, long[] shape, Initialization initialization)
    {
        Tensor value = _source.Get(_prefix + name, shape, initialization);
        if (_type is { } type && shape.Length > 1 && value.ScalarType != type)
        {
            using Tensor given = value;
            value = given.To(type);
        }

        _store.Add(_prefix + name, value);
        return value;
    }

    /// <summary>A learned table that is always float32, regardless of the type of the matrices; owned by the model's store.</summary>
    public Tensor Table(string name, long[] shape, Initialization initialization)
    {
        Tensor value = _source.GetFull(_prefix + name, shape, initialization);
        _store.Add(_prefix + name, value);
        return value;
    }

    /// <summary>A fixed table of this module that is determined by its config; stored with the parameters but never loaded.</summary>
    /// <param name="name">Name in the store.</param>
    /// <param name="value">Moved to the model's device; the store owns the result.</param>
    public Tensor Buffer(string name, Tensor value)
    {
        Tensor placed = value.To(_source.Device);
        value.Dispose();
        _store.Add(_prefix + name, placed, isBuffer: true);
        return placed;
    }

    /// <summary>A table that is measured instead of learned: loaded if the source stores values, otherwise initialised.</summary>
    public Tensor MeasuredBuffer(string name, long[] shape, Initialization initialization)
    {
        Tensor value = _source.Get(_prefix + name, shape, initialization);
        _store.Add(_prefix + name, value, isBuffer: true);
        return value;
    }
}
