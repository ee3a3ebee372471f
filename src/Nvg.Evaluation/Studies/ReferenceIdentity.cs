using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Nvg.Data.Datasets;
using Nvg.Data.Loading;

namespace Nvg.Evaluation.Studies;

/// <summary>A cheap identity of a reference's content. It changes when the data at the path change.</summary>
internal static class ReferenceIdentity
{
    /// <summary>The checksums of a prepared data set, or the paths, lengths and modification times of other files and folders.</summary>
    /// <param name="path">A path accepted by <see cref="ImageSet.Open"/>.</param>
    /// <exception cref="NvgDataException">The path does not exist, or cannot be listed.</exception>
    internal static string Of(string path)
    {
        if (ImageDataset.IsAt(path))
        {
            using IImageDataset data = ImageDataset.Open(path);
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
                string entry =
                    string.Create(CultureInfo.InvariantCulture, $"{file.FullName}\0{content.Length}\0{content.LastWriteTimeUtc.Ticks}\0");
                hash.AppendData(Encoding.UTF8.GetBytes(entry));
            }

            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NvgDataException.At(path, "cannot be listed", e.Message, e);
        }
    }

    // The same rule as in reading images: links to files are followed, links to folders are not.
    private static IEnumerable<FileInfo> Files(DirectoryInfo folder) =>
        folder.EnumerateFiles().Concat(folder.EnumerateDirectories().Where(inner => inner.LinkTarget is null).SelectMany(Files));
}
