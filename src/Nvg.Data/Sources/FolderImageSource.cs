using Nvg.Data.Files;
using Nvg.Imaging;
using Nvg.Torch.Files;

namespace Nvg.Data.Sources;

/// <summary>
/// The images below a folder. Links to files are followed; links to folders are not, since they may form cycles. Archives in the
/// folder are read after all files, in the order of their names.
/// </summary>
internal sealed class FolderImageSource(string path, string? subset) : ImageSource(path, subset)
{
    private static readonly string[] Endings = [".tar.gz", ".tgz", ".tar", ".zip", ".npz", ".parquet"];

    private readonly List<ImageEntry> _entries = [];
    private readonly List<(string Name, string Path)> _archives = [];
    private CifarArchive _cifar = new();

    /// <inheritdoc/>
    public override IEnumerable<ImageEntry> AllEntries()
    {
        _entries.Clear();
        _archives.Clear();
        _cifar = new CifarArchive();
        string root = ForeignName.FromText(Path);
        bool isFolder = Subset is null || FolderListing.IsFolder($"{root}/{Subset}");
        Collect(isFolder && Subset is not null ? $"{root}/{Subset}" : root, string.Empty, isRoot: true);
        if (!isFolder && !_cifar.HasParts)
            KeepSplit(Subset!);
        ImageEntry[] files = [.. _entries.OrderBy(e => e.ClassName, StringComparer.Ordinal).ThenBy(e => e.Name, StringComparer.Ordinal)];
        var archives = _archives.OrderBy(archive => archive.Name, StringComparer.Ordinal).ToArray();
        int all = files.Length + archives.Length;
        return files.Select((file, i) => Passed(file, i, all))
            .Concat(archives.SelectMany((archive, i) => FromArchive(archive.Name, archive.Path, files.Length + i, all)))
            .Concat(FromCifar(isFolder));
    }

    // Files and archives count equally, because file sizes are not looked up.
    private ImageEntry Passed(ImageEntry entry, double done, int all)
    {
        NoteRead(done, all);
        return entry;
    }

    // Unpacked CIFAR archives: their splits are not folders, so the subset is selected here.
    private IEnumerable<ImageEntry> FromCifar(bool isFolder)
    {
        if (isFolder || Subset is null)
            return _cifar.Take();
        _entries.Clear();
        return _cifar.Take().Where(entry => NameInSubset(entry.Name) is not null)
            .Select(InSubset);
    }

    // Shards of different splits are in the same folder: train-00000-of-00002.parquet, test-00000-of-00001.parquet.
    private void KeepSplit(string split)
    {
        _entries.Clear();
        _archives.RemoveAll(archive => SplitLayout.SplitOf(archive.Name) != split);
        if (_archives.Count == 0)
            throw NvgDataException.At(System.IO.Path.Combine(Path, split), "no such folder", "check the subset");
    }

    private void Collect(string folder, string prefix, bool isRoot)
    {
        foreach (FolderItem item in List(folder, prefix, isRoot))
        {
            string name = prefix + item.Name;
            if (PassedOver(item.Name) is { } hidden)
                _entries.Add(new ImageEntry(name, hidden) { IsPassedOver = true });
            else if (item.Obstacle is { } obstacle)
                _entries.Add(new ImageEntry(name, obstacle));
            else if (item.IsFolder)
                Collect(item.Path, name + "/", isRoot: false);
            else
                AddFile(name, item.Path);
        }
    }

    // A file with an image name is assumed to be an image until it is decoded. All other files are identified by their content.
    private void AddFile(string name, string path)
    {
        if (CifarArchive.IsPart(path))
        {
            _cifar.Add(path, ReadFile(path, name));
            return;
        }

        FileKind kind = default;
        if (!ImageFile.HasImageName(name))
        {
            try
            {
                using FileStream file = FolderListing.Open(path);
                using var content = new PeekedStream(file);
                kind = content.Kind;
            }
            catch (IOException error)
            {
                _entries.Add(new ImageEntry(name, $"cannot be read: {error.Message}"));
                return;
            }
        }

        if (kind.Role is FileRole.Tar or FileRole.Zip or FileRole.Parquet or FileRole.Gzip)
            _archives.Add((name, path));
        else if (kind.Description is not null && kind.NotAnImage is { } reason)
            _entries.Add(new ImageEntry(name, reason));
        else
            _entries.Add(new ImageEntry(name, ClassOf(name), () => ReadFile(path, name)));
    }

    private IReadOnlyList<FolderItem> List(string folder, string prefix, bool isRoot)
    {
        try
        {
            return FolderListing.Items(folder);
        }
        catch (Exception error) when (FileFailure.IsFileError(error) && !isRoot)
        {
            _entries.Add(new ImageEntry(prefix.TrimEnd('/'), $"cannot be listed: {error.Message}"));
            return [];
        }
        catch (Exception error) when (FileFailure.IsFileError(error))
        {
            throw NvgDataException.At(folder, "cannot be listed", error.Message, error);
        }
    }

    // An archive counts as a folder with its name, but labels stored in it take precedence.
    private IEnumerable<ImageEntry> FromArchive(string name, string path, int before, int all)
    {
        if (OpenArchive(path, out string? problem) is not { } archive)
        {
            yield return new ImageEntry(name, problem!);
            yield break;
        }

        string? ending = Endings.FirstOrDefault(end => name.EndsWith(end, StringComparison.OrdinalIgnoreCase));
        string folder = ending is null ? name : name[..^ending.Length];
        foreach (ImageEntry entry in archive.AllEntries())
        {
            NoteRead(before + (archive.ShareRead ?? 0), all);
            string inside = $"{folder}/{entry.Name}";
            string className = entry.IsLabelled ? entry.ClassName : ClassOf(inside);
            yield return entry.NotAImage is { } reason
                ? new ImageEntry(inside, reason) { IsPassedOver = entry.IsPassedOver }
                : new ImageEntry(inside, className, entry.Read) { IsLabelled = entry.IsLabelled };
        }
    }

    private static ImageSource? OpenArchive(string path, out string? problem)
    {
        problem = null;
        try
        {
            return OpenFile(path, subset: null);
        }
        catch (NvgDataException error)
        {
            problem = error.Message.StartsWith(path + ": ", StringComparison.Ordinal) ? error.Message[(path.Length + 2)..] : error.Message;
            return null;
        }
    }

    private static byte[] ReadFile(string path, string name)
    {
        try
        {
            using FileStream file = FolderListing.Open(path);
            if (file.Length > LargestFile)
                throw NvgDataException.At(name, $"is larger than {LargestFile >> 20} MiB");
            byte[] content = new byte[file.Length];
            file.ReadExactly(content);
            return content;
        }
        catch (Exception error) when (FileFailure.IsFileError(error))
        {
            throw FileFailure.Unreadable(name, error);
        }
    }
}
