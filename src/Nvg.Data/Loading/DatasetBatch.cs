using Nvg.Data.Datasets;
using Nvg.Imaging;
using Nvg.Torch;

namespace Nvg.Data.Loading;

/// <summary>Images of a data set as one tensor.</summary>
public static class DatasetBatch
{
    /// <summary>Images of a data set, cropped to its size.</summary>
    /// <param name="data">The data set.</param>
    /// <param name="examples">Numbers of the images.</param>
    /// <param name="crop">The square of each, by its place in the list, or null for the centre unmirrored.</param>
    /// <param name="device">Where to.</param>
    /// <returns>B × 3 × H × W.</returns>
    public static Tensor Load(IImageDataset data, IReadOnlyList<int> examples, Func<int, ImageCrop>? crop = null, Device device = default)
    {
        int size = data.Size, bytes = size * size * RgbImage.Channels;
        byte[] pixels = new byte[examples.Count * bytes];
        void Copy(int i) => data.CopySquare(examples[i], crop?.Invoke(i) ?? ImageCrop.Centre, pixels.AsSpan(i * bytes, bytes));
        if (data.IsEncoded)
            Parallel.For(0, examples.Count, Copy);
        else
            Enumerable.Range(0, examples.Count).ToList().ForEach(Copy);
        return ImageTensor.ToTensor(pixels, examples.Count, size, size, device);
    }
}
