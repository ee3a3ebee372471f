namespace Nvg.Data.Sources;

/// <summary>The images below a folder. Links to files are followed, links to folders are not: they may lead in circles.</summary>
internal sealed class FolderImageSource(string path, string? subset) : ImageSource(path, subset)
{
    public override IEnumerable<ImageEntry> Entries()
    {
        string root = Subset is null ? Path : System.IO.Path.Combine(Path, Subset);
        if (!Directory.Exists(root))
            throw NvgDataException.At(root, "no such folder", "check the subset");
        var entries = new List<ImageEntry>();
        Collect(new DirectoryInfo(root), string.Empty, entries);
        return entries.OrderBy(e => e.ClassName, StringComparer.Ordinal).ThenBy(e => e.Name, StringComparer.Ordinal);
    }

    private static void Collect(DirectoryInfo folder, string prefix, List<ImageEntry> entries)
    {
        foreach (FileSystemInfo item in List(folder))
        {
            if (IsPassedOver(item.Name))
                continue;
            string name = prefix + item.Name;
            if (item is FileInfo)
                entries.Add(NotAImage(name) is { } reason ? new(name, reason) : new(name, ClassOf(name), () => ReadFile(item.FullName, name)));
            else if (item.LinkTarget is not null)
                entries.Add(new(name, "is a link to a folder, which is not followed"));
            else
                Collect((DirectoryInfo)item, name + "/", entries);
        }
    }

    private static FileSystemInfo[] List(DirectoryInfo folder)
    {
        try
        {
            return folder.GetFileSystemInfos();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NvgDataException.At(folder.FullName, "cannot be listed", e.Message, e);
        }
    }

    private static byte[] ReadFile(string path, string name)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NvgDataException.At(name, "cannot be read", e.Message, e);
        }
    }
}
