using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Nvg.Conversion;

/// <summary>
/// Checkpoints that are stored in several files: an index (<c>*.index.json</c>) names the file of every tensor, or the files are
/// numbered (<c>model-00001-of-00002.safetensors</c>).
/// </summary>
internal static partial class CheckpointParts
{
    private const string IndexEnding = ".index.json", MapKey = "weight_map";
    private const long LargestIndex = 256 << 20;
    private static readonly string[] TensorEndings = [".safetensors", ".bin", ".pth", ".pt", ".ckpt"];

    /// <summary>The files of a checkpoint.</summary>
    /// <param name="path">An index, a folder with an index or with numbered files, or a file of tensors.</param>
    /// <exception cref="NvgDataException">A file is missing, the index makes no sense, or the path is one of several files.</exception>
    internal static IReadOnlyList<string> Find(string path) =>
        Directory.Exists(path) ? InFolder(path)
        : path.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? InIndex(path)
        : [path];

    /// <summary>The name of a checkpoint, without file numbers and without the suffix of an index.</summary>
    internal static string NameOf(string path)
    {
        string file = Path.GetFileName(Path.TrimEndingDirectorySeparator(path));
        if (NumberedName().Match(file) is { Success: true } match)
            return match.Groups["before"].Value.TrimEnd('-');
        return file.EndsWith(IndexEnding, StringComparison.OrdinalIgnoreCase)
            ? Path.GetFileNameWithoutExtension(file[..^IndexEnding.Length])
            : Path.GetFileNameWithoutExtension(file);
    }

    /// <summary>Whether a folder holds a checkpoint rather than a model.</summary>
    internal static bool IsCheckpointFolder(string folder) =>
        !File.Exists(Path.Combine(folder, "tokenizer.safetensors")) && (Indexes(folder).Length > 0 || Numbered(folder).Length > 0);

    /// <summary>Throws if only some files of a numbered or indexed checkpoint are given.</summary>
    /// <param name="paths">All files that are read together.</param>
    /// <exception cref="NvgDataException">A file is one of several; the message names the index, or the missing files.</exception>
    internal static void RequireComplete(IReadOnlyList<string> paths)
    {
        HashSet<string> given = [.. paths.Select(Path.GetFullPath)];
        foreach (string path in paths)
        {
            foreach (string index in Indexes(Path.GetDirectoryName(Path.GetFullPath(path))!))
            {
                string[] files = [.. Names(index).Select(name => FileOf(index, name))];
                if (files.Contains(Path.GetFullPath(path)) && !files.All(given.Contains))
                {
                    throw NvgDataException.At(
                        path, $"is one of the {files.Length} files of a checkpoint",
                        $"convert its index instead: {InFolderOf(path, index)}");
                }
            }

            if (NumberedName().Match(Path.GetFileName(path)) is not { Success: true } match)
                continue;
            string[] missing = [.. Siblings(path, match).Where(sibling => !given.Contains(Path.GetFullPath(sibling)))];
            if (missing.Length > 0)
            {
                throw NvgDataException.At(
                    path, $"is one of the {Total(match)} files of a checkpoint",
                    $"name all of them; missing: {CheckpointPart.List("files", [.. missing.Select(m => Path.GetFileName(m))])}");
            }
        }
    }

    private static string[] InFolder(string folder)
    {
        string[] indexes = Indexes(folder);
        if (indexes.Length > 1)
        {
            // The same tensors are often stored in both formats.
            string[] safe = [.. indexes.Where(i => i.Contains(".safetensors.", StringComparison.OrdinalIgnoreCase))];
            indexes = safe.Length > 0 ? safe : indexes;
        }

        return indexes switch
        {
            [var index] => InIndex(index),
            [] => Numbered(folder) is { Length: > 0 } files ? files
                : throw NvgDataException.At(folder, "holds neither a model nor a checkpoint", "name the checkpoint's file or its index"),
            _ => throw NvgDataException.At(folder, CheckpointPart.List("indexes", [.. indexes.Select(i => Path.GetFileName(i))])!,
                "name the one to convert"),
        };
    }

    private static string[] InIndex(string index)
    {
        string[] files = [.. Names(index).Select(name => FileOf(index, name))];
        string[] missing = [.. files.Where(file => !File.Exists(file)).Select(file => Path.GetFileName(file))];
        return missing.Length == 0 ? [.. files.Select(file => InFolderOf(index, file))] : throw NvgDataException.At(
            index, $"names {CheckpointPart.List(missing.Length == 1 ? "file that does not exist" : "files that do not exist", missing)}",
            "the checkpoint is incomplete: fetch it again");
    }

    private static string InFolderOf(string path, string file) =>
        Path.Combine(Path.GetDirectoryName(path) ?? "", Path.GetRelativePath(Path.GetDirectoryName(Path.GetFullPath(path))!, file));

    private static string FileOf(string index, string name)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(index))!, file = Path.GetFullPath(Path.Combine(folder, name));
        bool isInside = name.Length > 0 && file.StartsWith(Path.TrimEndingDirectorySeparator(folder) + Path.DirectorySeparatorChar,
            StringComparison.Ordinal);
        return isInside && !Path.IsPathRooted(name) ? file
            : throw NvgDataException.At(
                index, $"names the file '{name}', which is outside its folder: it may be malicious and is not read");
    }

    // The files that an index names, in the order in which they first occur.
    private static string[] Names(string index) => FileFailure.Reading(index, () =>
    {
        using FileStream stream = File.OpenRead(index);
        if (stream.Length > LargestIndex)
            throw NvgDataException.At(index, $"has {stream.Length} bytes, more than an index has");
        try
        {
            using JsonDocument json = JsonDocument.Parse(stream);
            JsonElement map = default;
            bool isIndex = json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty(MapKey, out map);
            if (!isIndex || map.ValueKind != JsonValueKind.Object)
                throw NvgDataException.At(index, $"is not an index of a checkpoint: it has no '{MapKey}'");
            string[] names = [.. map.EnumerateObject().Select(p => p.Value.GetString()
                ?? throw new InvalidOperationException()).Distinct()];
            return names.Length > 0 ? names : throw NvgDataException.At(index, $"its '{MapKey}' is empty");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw NvgDataException.At(index, "is not a valid index of a checkpoint", null, error);
        }
    });

    private static string[] Indexes(string folder) => Directory.Exists(folder)
        ? [.. Directory.EnumerateFiles(folder, "*" + IndexEnding).Order(StringComparer.Ordinal)]
        : [];

    private static string[] Numbered(string folder) =>
    [
        .. Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal)
            .Where(file => NumberedName().IsMatch(Path.GetFileName(file)) && TensorEndings.Contains(Path.GetExtension(file))),
    ];

    private static int Total(Match match) => int.Parse(match.Groups["total"].Value, CultureInfo.InvariantCulture);

    private static IEnumerable<string> Siblings(string path, Match match)
    {
        string digits = $"D{match.Groups["number"].Length}";
        return Enumerable.Range(1, Total(match)).Select(i => Path.Combine(
            Path.GetDirectoryName(path) ?? "",
            $"{match.Groups["before"].Value}{i.ToString(digits, CultureInfo.InvariantCulture)}{match.Groups["after"].Value}"));
    }

    [GeneratedRegex(@"^(?<before>.*-)(?<number>\d{5})(?<after>-of-(?<total>\d{5})\..*)$")]
    private static partial Regex NumberedName();
}
