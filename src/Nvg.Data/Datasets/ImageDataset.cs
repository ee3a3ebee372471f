using Nvg.Data.Packing;

namespace Nvg.Data.Datasets;

/// <summary>Opens what <see cref="Preparation"/> made, whichever form it has.</summary>
public static class ImageDataset
{
    /// <summary>Opens a data set.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="NvgDataException">It is no data set, or a damaged one.</exception>
    public static IImageDataset Open(string folder)
    {
        bool encoded = Directory.Exists(folder) && DatasetDescription.Read(folder).Encoded;
        return encoded ? EncodedDataset.Open(folder) : PackedDataset.Open(folder);
    }
}
