using Nvg.Data.Files;
using Nvg.Torch.Files;

namespace Nvg.Data.Sources;

/// <summary>The images of a tar archive, uncompressed or compressed with gzip, read in one pass and never unpacked to disk.</summary>
internal sealed class TarImageSource(string path, string? subset) : ImageSource(path, subset)
{
    private const int MostNesting = 3;

    private static readonly string[] Endings = [".tar.gz", ".tgz", ".tar", ".gz"];

    private string? _last;
    private Stream? _file;

    /// <inheritdoc/>
    public override IEnumerable<ImageEntry> AllEntries()
    {
        _last = null;
        using Stream stream = ArchiveFile.Open(Path, out _, out _file);
        var cifar = new CifarArchive();
        foreach (ImageEntry entry in Walk(stream, folder: "", cifar, nesting: 0))
            yield return entry;
        foreach (ImageEntry entry in cifar.Take().Where(entry => NameInSubset(entry.Name) is not null))
            yield return InSubset(entry);
        // gzip keeps its checksum at the end.
        ArchiveFile.Read(Path, _last, () =>
        {
            byte[] rest = new byte[1 << 16];
            while (stream.Read(rest) > 0)
            {
            }

            return 0;
        });
    }

    private IEnumerable<ImageEntry> Walk(Stream stream, string folder, CifarArchive cifar, int nesting)
    {
        var tar = new TarMembers(stream);
        var sample = new ShardSample();
        while (ArchiveFile.Read(Path, _last, tar.Next) is { } member)
        {
            string name = folder + ForeignName.FromBytes(member.Name);
            _last = name;
            NoteRead(_file!.Position, _file.Length);
            if (member.IsFolder)
                continue;
            foreach (ImageEntry entry in Read(tar, member, name, cifar, sample, nesting))
                yield return entry;
        }

        foreach (ImageEntry entry in sample.Take())
            yield return entry;
        if (tar.HasTrailingBytes)
            yield return new ImageEntry($"{folder}(after the end)", "bytes that are not part of the archive");
    }

    private IEnumerable<ImageEntry> Read(TarMembers tar, TarMember member, string path, CifarArchive cifar, ShardSample sample, int nesting)
    {
        if (CifarArchive.IsPart(path) && member.Obstacle is null && member.Size <= LargestFile)
        {
            cifar.Add(path, Content(tar, member));
            yield break;
        }

        string? name = Locate(path, out ImageEntry? passedOver);
        bool mayContain = name is null && passedOver is null && member.Obstacle is null && IsArchiveName(path);
        if (name is null && !mayContain)
        {
            if (passedOver is not null)
                yield return passedOver;
            yield break;
        }

        if (member.Obstacle is { } obstacle)
        {
            yield return new ImageEntry(name!, obstacle);
            yield break;
        }

        using PeekedStream content = ArchiveFile.Read(Path, path, () => new PeekedStream(tar.Content(member)));
        if (content.Kind.Role is FileRole.Tar or FileRole.Gzip)
        {
            foreach (ImageEntry entry in Nested(content, path, name ?? path, cifar, nesting))
                yield return entry;
        }
        else if (name is not null && member.Size > LargestFile)
        {
            yield return new ImageEntry(name, $"is larger than {LargestFile >> 20} MiB");
        }
        else if (name is not null)
        {
            byte[] bytes = ArchiveFile.Read(Path, path, () => ReadAll(content, member.Size));
            foreach (ImageEntry entry in sample.Add(name, content.Kind, bytes))
                yield return entry;
        }
    }

    // An inner archive counts as a folder with its name, because ImageNet is distributed as one archive per class.
    private IEnumerable<ImageEntry> Nested(PeekedStream content, string path, string name, CifarArchive cifar, int nesting)
    {
        FileKind kind = content.Kind;
        Stream inner = ArchiveFile.Read(Path, path, () => ArchiveFile.Decompressed(content, ref kind, $"{Path}: {name}"));
        if (kind.Role != FileRole.Tar)
            return [new ImageEntry(name, $"is not a readable image: {kind.Description}")];
        return nesting == MostNesting
            ? [new ImageEntry(name, $"is an archive within {MostNesting} archives, which is not read")]
            : Walk(inner, WithoutEnding(path) + "/", cifar, nesting + 1);
    }

    private byte[] Content(TarMembers tar, TarMember member)
    {
        using Stream content = tar.Content(member);
        return ArchiveFile.Read(Path, _last, () => ReadAll(content, member.Size));
    }

    private static byte[] ReadAll(Stream content, long size)
    {
        byte[] bytes = new byte[size];
        content.ReadExactly(bytes);
        return bytes;
    }

    private static bool IsArchiveName(string path) => Endings.Any(end => path.EndsWith(end, StringComparison.OrdinalIgnoreCase));

    private static string WithoutEnding(string path) =>
        Endings.FirstOrDefault(end => path.EndsWith(end, StringComparison.OrdinalIgnoreCase)) is { } ending ? path[..^ending.Length] : path;
}
