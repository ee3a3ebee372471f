using Nvg.Torch;

namespace Nvg.Imaging;

/// <summary>Converts images between bytes (rows × columns × 3) and tensors (3 × H × W in [−1, 1]).</summary>
public static class ImageTensor
{
    /// <summary>Converts images of equal size to a tensor.</summary>
    public static Tensor Load(IReadOnlyList<RgbImage> images, Device device = default) =>
        ToTensor([.. images.SelectMany(p => p.Pixels)], images.Count, images[0].Height, images[0].Width, device);

    /// <summary>Converts images of equal size to bytes, the input format of feature networks.</summary>
    /// <returns>uint8, N × rows × columns × 3.</returns>
    public static Tensor ToBytes(IReadOnlyList<RgbImage> images) =>
        Tensor.From([.. images.SelectMany(p => p.Pixels)], images.Count, images[0].Height, images[0].Width, RgbImage.Channels);

    /// <summary>Converts tensors in [−1, 1] to images: 255 · (x + 1) / 2, truncated (docs/method.md, section 3.1).</summary>
    public static RgbImage[] ToImages(Tensor images)
    {
        using var scope = new TensorScope();
        int height = (int)images.Size(2), width = (int)images.Size(3), bytes = height * width * RgbImage.Channels;
        byte[] pixels = ((images.Clamp(-1, 1) + 1) * 127.5).To(ScalarType.UInt8).Permute(0, 2, 3, 1).Contiguous().ToArray<byte>();
        return [.. Enumerable.Range(0, (int)images.Size(0))
            .Select(i => new RgbImage(width, height, pixels[(i * bytes)..((i + 1) * bytes)]))];
    }

    internal static Tensor ToTensor(byte[] pixels, int count, int height, int width, Device device)
    {
        using var scope = new TensorScope();
        Tensor placed = Tensor.From(pixels, count, height, width, RgbImage.Channels).Send(device);
        return scope.Keep((placed.Permute(0, 3, 1, 2).To(ScalarType.Float32) / 127.5 - 1.0).Contiguous());
    }
}
