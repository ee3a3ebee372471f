using Nvg.Checkpoints;
using Nvg.Torch;
using Nvg.Torch.Files;
using Nvg.Torch.Files.PyTorch;

namespace Nvg.Conversion;

/// <summary>Open checkpoint files (PyTorch or safetensors) of a VAR model, and the parts that they hold. Owns the files.</summary>
public sealed class VarCheckpointFiles : IDisposable
{
    private readonly List<(string Path, TensorFile File)> _files = [];
    private readonly Dictionary<CheckpointPartKind, CheckpointPart> _parts = [];
    private readonly List<(string Path, string[] Names)> _unexpected = [];

    private VarCheckpointFiles() { }

    /// <summary>Whether any of the files is a VAR checkpoint, by its names.</summary>
    /// <exception cref="NvgDataException">A file is missing, damaged or unsafe.</exception>
    public static bool Recognise(IReadOnlyList<string> paths) => paths.Any(path =>
    {
        using TensorFile file = CheckpointFiles.OpenFile(path);
        return VarPublishedNames.Recognises(file.Keys);
    });

    /// <summary>Opens files and reads the names of their tensors; no tensor is read yet.</summary>
    /// <param name="paths">The files; each holds one part or both.</param>
    /// <exception cref="NvgDataException">A file is missing, damaged or unsafe, or holds no part of a model.</exception>
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

    /// <summary>A text stored beside the tensors in the file of a part, or null.</summary>
    internal string? TextOf(CheckpointPart part, string name)
    {
        TensorFile found = _files.Find(f => f.Path == part.Path).File;
        return found is PyTorchFile file && file.Scalars.TryGetValue(name, out object? value) ? value as string : null;
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

    private void Add(string path)
    {
        TensorFile file = CheckpointFiles.OpenFile(path);
        _files.Add((path, file));
        var names = new Dictionary<CheckpointPartKind, Dictionary<string, string>>();
        var unexpected = new List<string>();
        foreach (string fullName in file.Keys)
        {
            if (VarPublishedNames.Place(fullName, out bool isKnown) is { } place)
            {
                if (!names.TryGetValue(place.Kind, out Dictionary<string, string>? part))
                    names[place.Kind] = part = [];
                if (!part.TryAdd(place.Name, fullName))
                    throw NvgDataException.At(path, $"'{part[place.Name]}' and '{fullName}' are the same tensor");
            }
            else if (!isKnown)
            {
                unexpected.Add(fullName);
            }
        }

        if (names.Count == 0)
            throw NvgDataException.At(path, $"none of its {file.Count} tensors belongs to a VAR model");
        foreach ((CheckpointPartKind kind, Dictionary<string, string> part) in names)
        {
            if (_parts.TryGetValue(kind, out CheckpointPart? other))
                throw new ArgumentException($"{other.Path} and {path} both hold a {kind.ToString().ToLowerInvariant()}; name one of them");
            _parts[kind] = new CheckpointPart(kind, path, file, false, part);
        }

        if (unexpected.Count > 0)
            _unexpected.Add((path, [.. unexpected]));
    }
}
