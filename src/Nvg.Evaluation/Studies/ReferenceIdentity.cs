using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Nvg.Data.Datasets;
using Nvg.Data.Loading;

namespace Nvg.Evaluation.Studies;

/// <summary>One text for the content of a reference, cheap to have: it changes when the data change, though the path stays.</summary>
internal static class ReferenceIdentity
{
    /// <summary>A packed data set by its checksums; a file or folder by paths, lengths and times of change.</summary>
    /// <param name="path">As <see cref="ImageSet.Open"/> takes it.</param>
    /// <exception cref="NvgDataException">There is nothing, or it cannot be listed.</exception>
    internal static string Of(string path)
    {
        if (File.Exists(Path.Combine(path, DatasetDescription.FileName)))
        {
            using PackedDataset data = PackedDataset.Open(path);
            return data.Fingerprint;
        }

        try
        {
            IEnumerable<FileInfo> files = Directory.Exists(path)
                ? Files(new DirectoryInfo(path)).OrderBy(f => f.FullName, StringComparer.Ordinal)
                : File.Exists(path) ? [new FileInfo(path)] : throw NvgDataException.At(path, "no such file or folder", "check the path");
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (FileInfo file in files)
            {
                FileInfo content = file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file;
                hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{file.FullName}\0{content.Length}\0{content.LastWriteTimeUtc.Ticks}\0")));
            }

            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NvgDataException.At(path, "cannot be listed", e.Message, e);
        }
    }

    // As images are read: links to files are followed, links to folders are not.
    private static IEnumerable<FileInfo> Files(DirectoryInfo folder) =>
        folder.EnumerateFiles().Concat(folder.EnumerateDirectories().Where(inner => inner.LinkTarget is null).SelectMany(Files));
}
