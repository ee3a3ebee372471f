using Nvg.Imaging;

namespace Nvg.Data.Loading;

/// <summary>Memory for the pixels of a batch. A batch that can never fit is rejected before anything is allocated.</summary>
internal static class PixelBuffer
{
    /// <summary>Creates a buffer for square images.</summary>
    /// <param name="count">Number of images.</param>
    /// <param name="size">Side of each image, in pixels.</param>
    /// <exception cref="NvgDataException">The batch is larger than the maximum array size.</exception>
    internal static byte[] For(int count, int size)
    {
        long bytes = (long)count * size * size * RgbImage.Channels;
        return bytes <= Array.MaxLength
            ? new byte[bytes]
            : throw new NvgDataException(
                $"a batch of {count} images of {size} × {size} takes {bytes / (1L << 30)} GiB, which is more than can be computed at once: "
                + "set training.microBatchSize, or a smaller training.batchSize");
    }
}
