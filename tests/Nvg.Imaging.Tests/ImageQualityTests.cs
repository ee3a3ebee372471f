using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;

namespace Nvg.Imaging.Tests;

public class ImageQualityTests
{
    [Theory, MemberData(nameof(ReferenceFixtures.Sets), MemberType = typeof(ReferenceFixtures))]
    public void PsnrAndSsim_ReferenceImages_EqualReference(string set)
    {
        using SafetensorsFile file = SafetensorsFile.Open(ReferenceFixtures.Path("metrics.safetensors", set));
        using var scope = new TensorScope();
        RgbImage[] a = Images(file["img_a"]), b = Images(file["img_b"]);
        float[] psnr = file["psnr"].ToArray<float>(), ssim = file["ssim"].ToArray<float>();
        Assert.Equal(a.Length, psnr.Length);
        for (int i = 0; i < a.Length; i++)
        {
            Assert.Equal(psnr[i], ImageQuality.Psnr(a[i], b[i]), psnr[i] * 1e-5);
            Assert.Equal(ssim[i], ImageQuality.Ssim(a[i], b[i]), Math.Abs(ssim[i]) * 1e-5);
        }
    }

    [Fact]
    public void PsnrAndSsim_EqualImages_ArePerfect()
    {
        var image = new RgbImage(9, 8);
        new Random(1).NextBytes(image.Pixels);
        Assert.Equal(double.PositiveInfinity, ImageQuality.Psnr(image, image));
        Assert.Equal(1, ImageQuality.Ssim(image, image), 1e-12);
    }

    [Fact]
    public void Psnr_OneLevelApart_IsKnown()
    {
        var black = new RgbImage(8, 8);
        var other = new RgbImage(8, 8);
        other.Pixels.AsSpan().Fill(1);
        Assert.Equal(20 * Math.Log10(255), ImageQuality.Psnr(black, other), 1e-9);
    }

    [Fact]
    public void Ssim_SmallerThanWindow_Throws() =>
        Assert.Throws<ArgumentException>(() => ImageQuality.Ssim(new RgbImage(6, 9), new RgbImage(6, 9)));

    private static RgbImage[] Images(Tensor images)
    {
        (int height, int width) = ((int)images.Size(1), (int)images.Size(2));
        return [.. images.ToArray<long>().Chunk(height * width * RgbImage.Channels)
            .Select(p => new RgbImage(width, height, Array.ConvertAll(p, v => (byte)v)))];
    }
}
