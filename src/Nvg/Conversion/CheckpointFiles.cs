using Nvg.Checkpoints;
using Nvg.Torch.Files;

namespace Nvg.Conversion;

/// <summary>Open checkpoint files (PyTorch or safetensors) and the parts of a model that they hold. Owns the files.</summary>
public sealed class CheckpointFiles : IDisposable
{
    private const int MostQuoted = 4;

    private readonly List<(string Path, TensorFile File)> _files = [];
    private readonly List<CheckpointPart> _parts = [];
    private readonly List<(string Path, string[] Names)> _unexpected = [];
    private readonly List<string> _notes = [];

    private CheckpointFiles() { }

    /// <summary>Notes on how the files were interpreted, one per line, such as prefixes that were removed from names.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>Whether the files hold a part.</summary>
    public bool Has(CheckpointPartKind kind) => _parts.Exists(p => p.Kind == kind);

    /// <summary>Opens files and reads the names of their tensors; no tensor is read yet.</summary>
    /// <param name="paths">
    /// Files that together hold a model, without duplicate tensors. An index of a checkpoint (<c>*.index.json</c>), or a folder with an
    /// index or numbered files, represents its files.
    /// </param>
    /// <exception cref="NvgDataException">A file is missing, damaged or unsafe, or does not contain any part of a model.</exception>
    /// <exception cref="ArgumentException">Two files hold the same tensor, or none holds the tokenizer.</exception>
    public static CheckpointFiles Open(IReadOnlyList<string> paths)
    {
        var files = new CheckpointFiles();
        try
        {
            files.Add(paths);
            if (!files.Has(CheckpointPartKind.Tokenizer))
            {
                throw new ArgumentException(
                    $"{string.Join(", ", paths)}: no tokenizer found (encoder.*, decoder.*, quantize.*); name its checkpoint as well");
            }

            return files;
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _files.ForEach(f => f.File.Dispose());

    /// <summary>The chosen copy of a part, or null if no file holds the part.</summary>
    /// <exception cref="NvgDataException">The part exists, but not in the chosen copy.</exception>
    internal CheckpointPart? Find(CheckpointPartKind kind, WeightChoice choice)
    {
        CheckpointPart? averaged = _parts.Find(p => p.Kind == kind && p.IsAverage);
        CheckpointPart? plain = _parts.Find(p => p.Kind == kind && !p.IsAverage);
        CheckpointPart? found = choice switch
        {
            WeightChoice.Averaged => averaged,
            WeightChoice.Plain => plain,
            _ => averaged ?? plain,
        };
        if (found is null && (averaged ?? plain) is { } other)
        {
            string copy = other.IsAverage ? "averaged" : "plain";
            throw NvgDataException.At(other.Path, $"holds only {copy} weights of the {NameOf(kind)}", $"choose the {copy} weights");
        }

        return found;
    }

    /// <summary>Throws if a file has names that the published layout does not have.</summary>
    /// <exception cref="NvgDataException">There are such names; the message lists the first ones.</exception>
    internal void RefuseUnexpected()
    {
        foreach ((string path, string[] names) in _unexpected)
        {
            string found = CheckpointPart.List("tensors that belong to no part of a model", names)!;
            throw NvgDataException.At(path, found, "--allow-unexpected ignores them");
        }
    }

    private static string NameOf(CheckpointPartKind kind) => kind.ToString().ToLowerInvariant();

    private void Add(IReadOnlyList<string> paths)
    {
        var expanded = paths.Select(path => (Source: path, Files: CheckpointParts.Find(path))).ToList();
        CheckpointParts.RequireComplete([.. expanded.SelectMany(e => e.Files)]);
        var sources = new Dictionary<string, string>();
        var stored = new Dictionary<(CheckpointPartKind Kind, bool IsAverage), Dictionary<string, StoredTensor>>();
        foreach ((string source, IReadOnlyList<string> files) in expanded)
        {
            int before = stored.Values.Sum(part => part.Count);
            foreach (string path in files)
            {
                sources[path] = source;
                Add(path, stored);
            }

            if (stored.Values.Sum(part => part.Count) == before)
                throw BelongsToNoModel(source, [.. _files.TakeLast(files.Count).SelectMany(f => f.File.Keys)]);
        }

        AddNotLearned(stored);
        _parts.AddRange(stored.Select(part => new CheckpointPart(
            part.Key.Kind, Name([.. part.Value.Values.Select(t => sources[t.Path]).Distinct()]), part.Key.IsAverage, part.Value)));
    }

    private static string Name(string[] sources) =>
        sources.Length == 1 ? sources[0] : $"{sources[0]} and {sources.Length - 1} more";

    // Names from untrusted files. The message includes them, because the problem is not visible without them.
    private static NvgDataException BelongsToNoModel(string path, string[] names)
    {
        string quoted = names.Length == 0 ? "" : $"; its first: {string.Join(", ", names.Take(MostQuoted))}";
        return NvgDataException.At(
            path,
            $"none of its {names.Length} tensors belongs to a model: names begin with encoder., decoder., quantize. or nvgformer.{quoted}");
    }

    // Averages may lack tensors that are not trained.
    private static void AddNotLearned(Dictionary<(CheckpointPartKind Kind, bool IsAverage), Dictionary<string, StoredTensor>> stored)
    {
        if (!stored.TryGetValue((CheckpointPartKind.Generator, true), out var averaged)
            || !stored.TryGetValue((CheckpointPartKind.Generator, false), out var plain))
            return;
        foreach (string name in PublishedNames.NotLearned.Where(plain.ContainsKey))
            averaged.TryAdd(name, plain[name]);
    }

    private void Add(string path, Dictionary<(CheckpointPartKind Kind, bool IsAverage), Dictionary<string, StoredTensor>> stored)
    {
        TensorFile file = OpenFile(path);
        _files.Add((path, file));
        var names = new UnwrappedNames(file.Keys);
        _notes.AddRange(names.Removed.Select(r => $"{path}: '{r.Key}' was removed from {r.Value} names"));
        var unexpected = new List<string>();
        foreach (string fullName in file.Keys)
        {
            if (PublishedNames.Place(names[fullName], out bool isKnown) is { } place)
            {
                if (!stored.TryGetValue((place.Kind, place.IsAverage), out Dictionary<string, StoredTensor>? part))
                    stored[(place.Kind, place.IsAverage)] = part = [];
                var tensor = new StoredTensor(file, path, fullName);
                if (!part.TryAdd(place.Name, tensor))
                    throw Twice(part[place.Name], tensor, place.Kind);
            }
            else if (!isKnown)
            {
                unexpected.Add(fullName);
            }
        }

        if (unexpected.Count > 0)
            _unexpected.Add((path, [.. unexpected]));
    }

    private static Exception Twice(StoredTensor first, StoredTensor second, CheckpointPartKind kind) => first.File == second.File
        ? NvgDataException.At(first.Path, $"'{first.FullName}' and '{second.FullName}' are the same tensor of the {NameOf(kind)}")
        : new ArgumentException(
            $"{first.Path} and {second.Path} both hold a {NameOf(kind)} (both have '{second.FullName}'); name one of them");

    /// <summary>Opens a checkpoint file.</summary>
    /// <exception cref="NvgDataException">It is missing, damaged or unsafe.</exception>
    internal static TensorFile OpenFile(string path)
    {
        try
        {
            return FileFailure.Reading(path, () => TensorFile.Open(path));
        }
        catch (TensorFileException error)
        {
            throw new NvgDataException(error.Message, error);
        }
    }
}
