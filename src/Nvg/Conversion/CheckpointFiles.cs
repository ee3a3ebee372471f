using Nvg.Checkpoints;
using Nvg.Torch.Files;
using Nvg.Torch.Files.PyTorch;

namespace Nvg.Conversion;

/// <summary>Open checkpoint files (PyTorch or safetensors) and the parts of a model that they hold. Owns the files.</summary>
public sealed class CheckpointFiles : IDisposable
{
    private readonly List<(string Path, TensorFile File)> _files = [];
    private readonly List<CheckpointPart> _parts = [];
    private readonly List<(string Path, string[] Names)> _unexpected = [];

    private CheckpointFiles() { }

    /// <summary>Whether the files hold a part.</summary>
    public bool Has(CheckpointPartKind kind) => _parts.Exists(p => p.Kind == kind);

    /// <summary>Opens files and reads the names of their tensors; no tensor is read yet.</summary>
    /// <param name="paths">The files; each holds one part or all parts.</param>
    /// <exception cref="NvgDataException">A file is missing, damaged or unsafe, or holds no part of a model.</exception>
    /// <exception cref="ArgumentException">Two files hold the same part, or none holds the tokenizer.</exception>
    public static CheckpointFiles Open(IReadOnlyList<string> paths)
    {
        var files = new CheckpointFiles();
        try
        {
            foreach (string path in paths)
                files.Add(path);
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

    /// <summary>A text stored beside the tensors in the file of a part, or null.</summary>
    internal string? TextOf(CheckpointPart part, string name)
    {
        TensorFile found = _files.Find(f => f.Path == part.Path).File;
        return found is PyTorchFile file && file.Scalars.TryGetValue(name, out object? value) ? value as string : null;
    }

    private static string NameOf(CheckpointPartKind kind) => kind.ToString().ToLowerInvariant();

    private void Add(string path)
    {
        TensorFile file = OpenFile(path);
        _files.Add((path, file));
        var names = new Dictionary<(CheckpointPartKind Kind, bool IsAverage), Dictionary<string, string>>();
        var unexpected = new List<string>();
        foreach (string fullName in file.Keys)
        {
            if (PublishedNames.Place(fullName, out bool isKnown) is { } place)
            {
                if (!names.TryGetValue((place.Kind, place.IsAverage), out Dictionary<string, string>? part))
                    names[(place.Kind, place.IsAverage)] = part = [];
                if (!part.TryAdd(place.Name, fullName))
                {
                    throw NvgDataException.At(
                        path, $"'{part[place.Name]}' and '{fullName}' are the same tensor of the {NameOf(place.Kind)}");
                }
            }
            else if (!isKnown)
            {
                unexpected.Add(fullName);
            }
        }

        if (names.Count == 0)
        {
            throw NvgDataException.At(
                path, $"none of its {file.Count} tensors belongs to a model: names begin with encoder., decoder., quantize. or nvgformer.");
        }

        foreach (CheckpointPartKind kind in names.Keys.Select(k => k.Kind).Distinct())
        {
            if (_parts.Find(p => p.Kind == kind) is { } other)
                throw new ArgumentException($"{other.Path} and {path} both hold a {NameOf(kind)}; name one of them");
        }

        if (names.TryGetValue((CheckpointPartKind.Generator, true), out var averaged)
            && names.TryGetValue((CheckpointPartKind.Generator, false), out var plain))
        {
            foreach (string name in PublishedNames.NotLearned.Where(plain.ContainsKey))
                averaged.TryAdd(name, plain[name]);
        }

        _parts.AddRange(names.Select(n => new CheckpointPart(n.Key.Kind, path, file, n.Key.IsAverage, n.Value)));
        if (unexpected.Count > 0)
            _unexpected.Add((path, [.. unexpected]));
    }

    /// <summary>Opens a checkpoint file.</summary>
    /// <exception cref="NvgDataException">It is missing, damaged or unsafe.</exception>
    internal static TensorFile OpenFile(string path)
    {
        try
        {
            return TensorFile.Open(path);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new NvgDataException($"{path} does not exist", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new NvgDataException($"{path} cannot be read: {error.Message}", error);
        }
        catch (TensorFileException error)
        {
            throw new NvgDataException(error.Message, error);
        }
    }
}
