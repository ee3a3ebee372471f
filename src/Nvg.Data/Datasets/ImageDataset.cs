using Nvg.Data.Packing;

namespace Nvg.Data.Datasets;

/// <summary>Opens data sets created by <see cref="Preparation"/>, in either form.</summary>
public static class ImageDataset
{
    /// <summary>Whether a path is the folder of a data set.</summary>
    /// <param name="path">Any path.</param>
    internal static bool IsAt(string path) => File.Exists(Path.Combine(path, DatasetDescription.FileName));

    /// <summary>Opens a data set.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="NvgDataException">The folder is not a data set, or is damaged.</exception>
    public static IImageDataset Open(string folder)
    {
        bool encoded = Directory.Exists(folder) && DatasetDescription.Read(folder).Encoded;
        return encoded ? EncodedDataset.Open(folder) : PackedDataset.Open(folder);
    }

    /// <summary>Opens only the description and labels of a data set; its images may be missing.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="NvgDataException">The folder is not a data set, or is damaged.</exception>
    internal static IImageDataset OpenLabels(string folder) => LabelDataset.Open(folder);
}
