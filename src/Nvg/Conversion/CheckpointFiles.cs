using Nvg.Checkpoints;
using Nvg.Torch.Files;
using Nvg.Torch.Files.PyTorch;

namespace Nvg.Conversion;

/// <summary>Opened checkpoint files, PyTorch's or safetensors, and the parts of a model that their names show. Owns the files.</summary>
public sealed class CheckpointFiles : IDisposable
{
    private readonly List<(string Path, TensorFile File)> _files = [];
    private readonly List<CheckpointPart> _parts = [];
    private readonly List<(string Path, string[] Names)> _unexpected = [];

    private CheckpointFiles() { }

    /// <summary>Whether a part was found.</summary>
    public bool Has(CheckpointPartKind kind) => _parts.Exists(p => p.Kind == kind);

    /// <summary>Opens files and looks at their names; no tensor is read yet.</summary>
    /// <param name="paths">The files, each holding another part, or all parts.</param>
    /// <exception cref="NvgDataException">A file is missing, damaged, hostile or holds no part of a model.</exception>
    /// <exception cref="ArgumentException">Two files hold the same part, or none holds the tokenizer.</exception>
    public static CheckpointFiles Open(IReadOnlyList<string> paths)
    {
        var files = new CheckpointFiles();
        try
        {
            foreach (string path in paths)
                files.Add(path);
            if (!files.Has(CheckpointPartKind.Tokenizer))
                throw new ArgumentException($"{string.Join(", ", paths)}: no tokenizer among the files (encoder.*, decoder.*, quantize.*); name the tokenizer's checkpoint too");
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

    /// <summary>The copy of a part that a choice asks for, or null where no file holds the part.</summary>
    /// <exception cref="NvgDataException">The part is there, but not in the copy that is asked for.</exception>
    internal CheckpointPart? Find(CheckpointPartKind kind, WeightChoice choice)
    {
        CheckpointPart? averaged = _parts.Find(p => p.Kind == kind && p.IsAverage), plain = _parts.Find(p => p.Kind == kind && !p.IsAverage);
        CheckpointPart? found = choice switch
        {
            WeightChoice.Averaged => averaged,
            WeightChoice.Plain => plain,
            _ => averaged ?? plain,
        };
        return found is null && (averaged ?? plain) is { } other
            ? throw NvgDataException.At(other.Path, $"it holds the {kind.ToString().ToLowerInvariant()}'s {(other.IsAverage ? "averaged" : "plain")} weights alone", "take those")
            : found;
    }

    /// <summary>Refuses names that the published layout does not have.</summary>
    /// <exception cref="NvgDataException">There are some; they are listed, up to a number.</exception>
    internal void RefuseUnexpected()
    {
        foreach ((string path, string[] names) in _unexpected)
            throw NvgDataException.At(path, CheckpointPart.List("tensors that belong to no part of a model", names)!, "--allow-unexpected leaves them out");
    }

    /// <summary>A text that was stored beside the tensors of a part's file, or null.</summary>
    internal string? TextOf(CheckpointPart part, string name) =>
        _files.Find(f => f.Path == part.Path).File is PyTorchFile file && file.Scalars.TryGetValue(name, out object? value) ? value as string : null;

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
                Dictionary<string, string> part = names.TryGetValue((place.Kind, place.IsAverage), out var known) ? known : names[(place.Kind, place.IsAverage)] = [];
                if (!part.TryAdd(place.Name, fullName))
                    throw NvgDataException.At(path, $"'{part[place.Name]}' and '{fullName}' are the same tensor of the {place.Kind.ToString().ToLowerInvariant()}");
            }
            else if (!isKnown)
            {
                unexpected.Add(fullName);
            }
        }

        if (names.Count == 0)
            throw NvgDataException.At(path, $"none of its {file.Count} tensors belongs to a model: names begin with encoder., decoder., quantize. or nvgformer.");
        foreach (CheckpointPartKind kind in names.Keys.Select(k => k.Kind).Distinct())
        {
            if (_parts.Find(p => p.Kind == kind) is { } other)
                throw new ArgumentException($"{other.Path} and {path} both hold a {kind.ToString().ToLowerInvariant()}; name one of them");
        }

        if (names.TryGetValue((CheckpointPartKind.Generator, true), out var averaged) && names.TryGetValue((CheckpointPartKind.Generator, false), out var plain))
        {
            foreach (string name in PublishedNames.NotLearned.Where(plain.ContainsKey))
                averaged.TryAdd(name, plain[name]);
        }

        _parts.AddRange(names.Select(n => new CheckpointPart(n.Key.Kind, path, file, n.Key.IsAverage, n.Value)));
        if (unexpected.Count > 0)
            _unexpected.Add((path, [.. unexpected]));
    }

    private static TensorFile OpenFile(string path)
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
