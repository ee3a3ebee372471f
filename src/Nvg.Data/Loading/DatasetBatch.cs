using Nvg.Data.Datasets;
using Nvg.Imaging;
using Nvg.Torch;

namespace Nvg.Data.Loading;

/// <summary>Loads images of a data set into a tensor.</summary>
public static class DatasetBatch
{
    /// <summary>Loads images, cropped to the size of the data set.</summary>
    /// <param name="data">The data set.</param>
    /// <param name="examples">Indices of the images.</param>
    /// <param name="crop">The crop of each image by its index in the list; null for centre crops.</param>
    /// <param name="device">Target device.</param>
    /// <returns>B × 3 × H × W, in [−1, 1].</returns>
    public static Tensor Load(IImageDataset data, IReadOnlyList<int> examples, Func<int, ImageCrop>? crop = null, Device device = default)
    {
        int size = data.Size, bytes = size * size * RgbImage.Channels;
        byte[] pixels = PixelBuffer.For(examples.Count, size);
        void Copy(int i) => data.CopySquare(examples[i], crop?.Invoke(i) ?? ImageCrop.Centre, pixels.AsSpan(i * bytes, bytes));
        if (data.IsEncoded)
            Parallel.For(0, examples.Count, Copy);
        else
            Enumerable.Range(0, examples.Count).ToList().ForEach(Copy);
        return ImageTensor.ToTensor(pixels, examples.Count, size, size, device);
    }
}
