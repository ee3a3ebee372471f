using Nvg.Checkpoints;
using Nvg.Torch;
using Nvg.Torch.Files;

namespace Nvg.Conversion.Var;

/// <summary>Open checkpoint files (PyTorch or safetensors) of a VAR model, and the parts that they hold. Owns the files.</summary>
public sealed class VarCheckpointFiles : IDisposable
{
    private readonly List<(string Path, TensorFile File)> _files = [];
    private readonly Dictionary<CheckpointPartKind, CheckpointPart> _parts = [];
    private readonly List<(string Path, string[] Names)> _unexpected = [];

    private readonly List<string> _notes = [];

    private VarCheckpointFiles() { }

    /// <summary>Notes on how the files were interpreted, one per line, such as prefixes that were removed from names.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>Whether any of the files is a VAR checkpoint, judging by its tensor names.</summary>
    /// <exception cref="NvgDataException">A file is missing, damaged or unsafe.</exception>
    public static bool Recognise(IReadOnlyList<string> paths) => paths.SelectMany(CheckpointParts.Find).Any(path =>
    {
        using TensorFile file = CheckpointFiles.OpenFile(path);
        var names = new UnwrappedNames(file.Keys);
        return VarPublishedNames.Recognises([.. file.Keys.Select(name => names[name])]);
    });

    /// <summary>Opens files and reads the names of their tensors; no tensor is read yet.</summary>
    /// <param name="paths">The files; each holds one part or both.</param>
    /// <exception cref="NvgDataException">A file is missing, damaged or unsafe, or does not contain any part of a model.</exception>
    /// <exception cref="ArgumentException">Two files hold the same part, or none holds the tokenizer.</exception>
    public static VarCheckpointFiles Open(IReadOnlyList<string> paths)
    {
        var files = new VarCheckpointFiles();
        try
        {
            foreach (string path in paths)
                files.Add(path);
            return files._parts.ContainsKey(CheckpointPartKind.Tokenizer) ? files : throw new ArgumentException(
                $"{string.Join(", ", paths)}: no tokenizer found (encoder.*, decoder.*, quantize.*); name its checkpoint as well");
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _files.ForEach(f => f.File.Dispose());

    /// <summary>A part, or null if no file holds it.</summary>
    internal CheckpointPart? Find(CheckpointPartKind kind) => _parts.GetValueOrDefault(kind);

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

    /// <summary>The stored scale of every token, or null.</summary>
    internal long[]? ScaleOfToken()
    {
        foreach ((_, TensorFile file) in _files)
        {
            if (file.Keys.FirstOrDefault(n => VarPublishedNames.Rest(n) == VarPublishedNames.ScaleOfToken) is not { } name)
                continue;
            using Tensor whole = file[name].To(ScalarType.Int64);
            return whole.ToArray<long>();
        }

        return null;
    }

    private void Add(string source)
    {
        IReadOnlyList<string> paths = CheckpointParts.Find(source);
        CheckpointParts.RequireComplete(paths);
        var stored = new Dictionary<CheckpointPartKind, Dictionary<string, StoredTensor>>();
        foreach (string path in paths)
            Add(path, stored);
        if (stored.Count == 0)
            throw NvgDataException.At(
                source, $"none of its {_files.TakeLast(paths.Count).Sum(f => f.File.Count)} tensors belongs to a VAR model");
        foreach ((CheckpointPartKind kind, Dictionary<string, StoredTensor> part) in stored)
        {
            if (!_parts.TryAdd(kind, new CheckpointPart(kind, source, false, part)))
            {
                throw new ArgumentException(
                    $"{_parts[kind].Path} and {source} both hold a {kind.ToString().ToLowerInvariant()}; name one of them");
            }
        }
    }

    private void Add(string path, Dictionary<CheckpointPartKind, Dictionary<string, StoredTensor>> stored)
    {
        TensorFile file = CheckpointFiles.OpenFile(path);
        _files.Add((path, file));
        var names = new UnwrappedNames(file.Keys);
        _notes.AddRange(names.Removed.Select(r => $"{path}: '{r.Key}' was removed from {r.Value} names"));
        var unexpected = new List<string>();
        foreach (string fullName in file.Keys)
        {
            if (VarPublishedNames.Place(names[fullName], out bool isKnown) is { } place)
            {
                if (!stored.TryGetValue(place.Kind, out Dictionary<string, StoredTensor>? part))
                    stored[place.Kind] = part = [];
                if (!part.TryAdd(place.Name, new StoredTensor(file, path, fullName)))
                    throw NvgDataException.At(path, $"'{part[place.Name].FullName}' and '{fullName}' are the same tensor");
            }
            else if (!isKnown)
            {
                unexpected.Add(fullName);
            }
        }

        if (unexpected.Count > 0)
            _unexpected.Add((path, [.. unexpected]));
    }
}
