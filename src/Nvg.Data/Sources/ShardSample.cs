using System.Text;
using System.Text.Json;
using Nvg.Data.Files;
using Nvg.Torch.Files;

namespace Nvg.Data.Sources;

/// <summary>
/// Files of an archive that belong together: in a WebDataset shard, consecutive files with the same path up to the first dot of the file
/// name. The label of an image is in <c>key.cls</c> or <c>key.json</c>; without one, its folder is the class. Other text files next to an
/// image, such as captions, are annotations and do not count as skipped images.
/// </summary>
internal sealed class ShardSample
{
    private static readonly string[] LabelKeys = ["class_name", "label_name", "classname", "cls", "label", "class"];

    private static readonly string[] AnnotationEndings = [".cls", ".json", ".txt"];

    private readonly List<(string Name, FileKind Kind, byte[] Content)> _files = [];

    /// <summary>Adds a file.</summary>
    /// <returns>The entries of the previous sample, if the file starts a new one.</returns>
    internal IReadOnlyList<ImageEntry> Add(string name, FileKind kind, byte[] content)
    {
        IReadOnlyList<ImageEntry> complete = _files.Count > 0 && KeyOf(_files[0].Name) != KeyOf(name) ? Take() : [];
        _files.Add((name, kind, content));
        return complete;
    }

    /// <summary>Returns the entries of the files so far and clears them.</summary>
    internal IReadOnlyList<ImageEntry> Take()
    {
        bool hasImage = _files.Any(file => file.Kind.Role == FileRole.Image);
        string? label = hasImage ? Label() : null;
        ImageEntry[] entries =
        [
            .. _files.Where(file => !hasImage || file.Kind.Role == FileRole.Image || !IsAnnotation(file.Name))
                .Select(file => ImageSourceEntries.Of(file.Name, file.Kind, file.Content, label)),
        ];
        _files.Clear();
        return entries;
    }

    // A .cls file always counts. A .json file may contain anything, so it counts only for images that are not in a folder.
    private string? Label()
    {
        foreach ((string name, _, byte[] content) in _files)
        {
            if (name.EndsWith(".cls", StringComparison.OrdinalIgnoreCase) && content.Length is > 0 and <= 1 << 12)
                return ForeignName.FromBytes(Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(content).Trim()));
        }

        foreach ((string name, _, byte[] content) in _files)
        {
            bool isFlat = !name.Contains('/', StringComparison.Ordinal);
            if (isFlat && name.EndsWith(".json", StringComparison.OrdinalIgnoreCase) && JsonLabel(content) is { } label)
                return ForeignName.FromText(label);
        }

        return null;
    }

    private static bool IsAnnotation(string name) =>
        AnnotationEndings.Any(ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase));

    private static string? JsonLabel(byte[] content)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(content);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return null;
            foreach (string key in LabelKeys)
            {
                if (document.RootElement.TryGetProperty(key, out JsonElement value)
                    && value.ValueKind is JsonValueKind.String or JsonValueKind.Number)
                    return value.ToString();
            }

            return null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string KeyOf(string name)
    {
        int slash = name.LastIndexOf('/') + 1, dot = name.IndexOf('.', slash);
        return dot > slash ? name[..dot] : name;
    }
}
