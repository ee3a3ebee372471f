using System.Globalization;
using System.Numerics;

namespace Nvg.Torch.Files.PyTorch;

/// <summary>
/// A file written by <c>torch.save</c>, mapped into memory, in either the zip format or the older format of consecutive pickles. Nothing in
/// it is ever run: it is read as inert data, and anything that is not a plain tensor is rejected or skipped (docs/checkpoints.md states the
/// rule). Tensors are views of the mapping. Tensors of the same storage share memory, as they did when they were saved.
/// </summary>
public sealed class PyTorchFile : TensorFile
{
    internal const string StateEntry = "state_dict";
    private const int MaximumDepth = 32;
    private const int MaximumNameLength = 1024;
    private static readonly Operator ViewTypeOp = new("aten::view", "dtype");
    private static readonly Operator AsStridedOp = new("aten::as_strided");

    private readonly string _path;
    private readonly MappedFile _file;
    private readonly PyTorchContent _content;
    private readonly Dictionary<string, PickleTensor> _described = [];
    private readonly List<string> _names = [];
    private readonly Dictionary<string, Tensor> _tensors = [];
    private readonly Dictionary<string, Tensor> _storages = [];
    private readonly Lock _lock = new();
    private bool _disposed;

    private PyTorchFile(string path, MappedFile file, string? entry)
    {
        _path = path;
        _file = file;
        _content = PyTorchContent.Read(file);
        if (_content.Root is not PickleDict root)
            throw new PyTorchFileException("it holds no dictionary of tensors");
        Scalars = ScalarsOf(root);
        object? state = ItemOf(root, entry ?? StateEntry);
        if (entry is not null && state is null)
            throw new PyTorchFileException($"it has no entry '{entry}'");
        if (state is not PickleDict dictionary)
        {
            if (entry is not null)
                throw new PyTorchFileException($"its entry '{entry}' is not a dictionary of tensors");
            CollectAll(root);
        }
        else if (Collect(dictionary, new HashSet<PickleDict>(ReferenceEqualityComparer.Instance)) is { } foreign)
        {
            throw new PyTorchFileException(foreign);
        }
    }

    /// <summary>
    /// Numbers, Booleans and strings at the top level of the file, such as <c>epoch</c> and <c>global_step</c>, as long, double, bool or
    /// string.
    /// </summary>
    public IReadOnlyDictionary<string, object> Scalars { get; }

    /// <inheritdoc/>
    public override IEnumerable<string> Keys => _names;

    /// <inheritdoc/>
    public override int Count => _names.Count;

    /// <summary>
    /// The tensor with a name; owned by this object. Its bytes are verified against their checksum on first access.
    /// </summary>
    /// <exception cref="PyTorchFileException">The file has no tensor with this name, or its bytes are damaged.</exception>
    public override Tensor this[string key]
    {
        get
        {
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                if (_tensors.TryGetValue(key, out Tensor? made))
                    return made;
                if (!_described.TryGetValue(key, out PickleTensor? described))
                    throw new PyTorchFileException($"{_path}: the file has no tensor '{key}'");
                Tensor tensor = Make(described).Own();
                _tensors.Add(key, tensor);
                return tensor;
            }
        }
    }

    /// <summary>
    /// Maps and checks a file. Names are those of its <c>state_dict</c>, or of the whole file if it has none; the keys of nested
    /// dictionaries are joined by dots.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="entry">The top-level entry that holds the tensors, if it is not <c>state_dict</c>.</param>
    /// <exception cref="PyTorchFileException">
    /// The file violates a format or safety rule; the message names file, location and rule.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static PyTorchFile Open(string path, string? entry = null)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            if (stream.Length == 0)
                throw new PyTorchFileException("is empty; download or create it again");
            var file = new MappedFile(stream);
            return FileContent.Of(file.Bytes(0, (int)Math.Min(file.Length, FileContent.HeadLength))).Refusal is { } refusal
                ? throw new PyTorchFileException(refusal)
                : new PyTorchFile(path, file, entry);
        }
        catch (PyTorchFileException error)
        {
            throw Located(path, error);
        }
    }

    /// <summary>
    /// Writes tensors in the format of <c>torch.save</c> (zip, pickle protocol 2), which <c>torch.load</c> can read. The file is written
    /// under a temporary name, flushed, then renamed.
    /// </summary>
    /// <param name="path">Replaced if it exists; untouched if anything fails.</param>
    /// <param name="tensors">Tensors on any device; borrowed. They are stored as the dictionary <c>state_dict</c>.</param>
    /// <param name="scalars">Strings and integers to store next to it.</param>
    /// <param name="typeOf">Element type for storing a tensor, which is converted while writing; null stores all tensors unchanged.</param>
    /// <exception cref="ArgumentException">A name occurs twice.</exception>
    public static void Write(
        string path, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, object>? scalars = null,
        Func<string, Tensor, ScalarType>? typeOf = null) => PyTorchWriter.Write(path, [.. tensors], scalars, typeOf);

    /// <inheritdoc/>
    public override bool ContainsKey(string key) => _described.ContainsKey(key);

    /// <inheritdoc/>
    public override void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            foreach (Tensor tensor in (IEnumerable<Tensor>)[.. _tensors.Values, .. _storages.Values])
                tensor.Dispose();
        }
    }

    /// <summary>Whether the first bytes of a file indicate a PyTorch file.</summary>
    internal static bool IsStartOf(ReadOnlySpan<byte> start) => start is [(byte)'P', (byte)'K', ..] or [0x80, 0x02, 0x8A, ..];

    private static PyTorchFileException Located(string path, PyTorchFileException error) => new($"{path}: {error.Message}", error);

    private static Dictionary<string, object> ScalarsOf(PickleDict root)
    {
        var scalars = new Dictionary<string, object>();
        foreach ((object? key, object? value) in root.Items)
        {
            if (key is string name && value is long or double or bool or string)
                scalars[name] = value;
        }

        return scalars;
    }

    private static object? ItemOf(PickleDict dict, string name)
    {
        object?[] found = [.. dict.Items.Where(i => i.Key is string key && key == name).Select(i => i.Value)];
        return found.Length < 2 ? found.FirstOrDefault() : throw new PyTorchFileException($"its entry '{name}' occurs twice");
    }

    // A file without state_dict is either a state itself, or contains dictionaries of a training run, such as {"model": …, "optimizer": …,
    // "args": …}. In the latter case, entries that hold anything other than tensors are skipped, as are entries next to a state_dict.
    private void CollectAll(PickleDict root)
    {
        var seen = new HashSet<PickleDict>(ReferenceEqualityComparer.Instance);
        if (root.Items.Any(i => i.Value is PickleTensor) || !root.Items.Any(i => i.Value is PickleDict))
        {
            if (Collect(root, seen) is { } foreign)
                throw new PyTorchFileException(foreign);
            return;
        }

        string? first = null;
        seen.Add(root);
        foreach ((object? key, object? value) in root.Items)
        {
            int before = _names.Count;
            var one = new PickleDict();
            one.Add(key, value);
            if (Collect(one, seen) is not { } foreign)
                continue;
            first ??= foreign;
            foreach (string name in _names.Skip(before))
                _described.Remove(name);
            _names.RemoveRange(before, _names.Count - before);
        }

        if (_names.Count == 0 && first is not null)
            throw new PyTorchFileException(first);
    }

    // Iterative, and visits no dictionary twice, so neither depth, cycles nor shared parts can make this take long. Returns a description
    // of the first value that is neither a tensor, a number nor a string; null if there is none.
    private string? Collect(PickleDict state, HashSet<PickleDict> seen)
    {
        seen.Add(state);
        var open = new Stack<(string Prefix, IEnumerator<(object? Key, object? Value)> Items)>();
        open.Push(("", state.Items.GetEnumerator()));
        while (open.TryPeek(out var level))
        {
            if (!level.Items.MoveNext())
            {
                open.Pop();
                continue;
            }

            (object? key, object? value) = level.Items.Current;
            string name = level.Prefix + (key switch
            {
                string text => text,
                long number => number.ToString(CultureInfo.InvariantCulture),
                _ => throw new PyTorchFileException($"below '{level.Prefix}' a name is neither text nor number"),
            });
            if (name.Length > MaximumNameLength)
                throw new PyTorchFileException($"a name has {name.Length} characters, more than the {MaximumNameLength} that are allowed");
            switch (value)
            {
                case PickleTensor tensor when _described.TryAdd(name, tensor):
                    _names.Add(name);
                    break;
                case PickleTensor:
                    throw new PyTorchFileException($"the tensor '{name}' occurs twice");
                case PickleDict when open.Count >= MaximumDepth:
                    throw new PyTorchFileException($"'{name}' is nested deeper than the allowed {MaximumDepth} levels");
                case PickleDict inner when seen.Add(inner):
                    open.Push((name + ".", inner.Items.GetEnumerator()));
                    break;
                case PickleDict:
                    throw new PyTorchFileException($"the dictionary '{name}' occurs twice");
                case null or long or double or bool or string or BigInteger:
                    break;
                default:
                    return $"'{name}' is {Describe(value)}";
            }
        }

        return null;
    }

    private static string Describe(object value) => value switch
    {
        PickleOpaque { What: var what } when what.StartsWith("tensor of ", StringComparison.Ordinal) =>
            $"a {what}, a type that is not read",
        PickleOpaque opaque => $"an object of {opaque.What}, not a tensor",
        PickleGlobal global => $"the class or function {global.Name}, not a tensor",
        PickleStorageRange range => $"the bare storage '{range.Storage.Key}', not a tensor",
        PickleList => "a list, not a tensor",
        PickleTuple => "a tuple, not a tensor",
        _ => throw new ArgumentOutOfRangeException(nameof(value)),
    };

    private Tensor Make(PickleTensor described)
    {
        using var scope = new TensorScope();
        Tensor bytes = StorageBytes(described.Storage);
        int size = described.Type.ByteSize();
        Tensor elements = ViewTypeOp.Call(bytes.Narrow(0, described.Offset * size, described.Reach * size), described.Type);
        return scope.Keep(AsStridedOp.Call(elements, described.Shape, described.Strides, Argument.None));
    }

    // Data in the older format may be misaligned. Such a storage is copied once for all its tensors.
    private Tensor StorageBytes(PickleStorage storage)
    {
        if (_storages.TryGetValue(storage.Key, out Tensor? known))
            return known;
        PyTorchContent.Place place = _content.Storages[storage.Key];
        try
        {
            if (place.Entry is { } entry)
                _content.Archive!.CheckSum(entry);
        }
        catch (PyTorchFileException error)
        {
            throw Located(_path, error);
        }

        Tensor bytes = _file.Tensor(place.Start, ScalarType.UInt8, [place.Length], sizeof(double)).Own();
        _storages.Add(storage.Key, bytes);
        return bytes;
    }
}
