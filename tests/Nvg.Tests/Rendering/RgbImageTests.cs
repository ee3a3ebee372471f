using Nvg.Rendering;

namespace Nvg.Tests.Rendering;

public class RgbImageTests
{
    [Fact]
    public void Crop_Inside_CopiesTheRectangle()
    {
        RgbImage picture = Pictures.Gradient(7, 5);
        RgbImage crop = picture.Crop(2, 1, 3, 4);
        Assert.Equal((3, 4), (crop.Width, crop.Height));
        Assert.Equal(picture.Pixel(2, 1), crop.Pixel(0, 0));
        Assert.Equal(picture.Pixel(4, 4), crop.Pixel(2, 3));
    }

    [Theory]
    [InlineData(-1, 0, 3, 3)]
    [InlineData(5, 0, 3, 3)]
    [InlineData(0, 3, 3, 3)]
    [InlineData(0, 0, 0, 3)]
    [InlineData(int.MaxValue, 0, 3, 3)]
    public void Crop_Outside_IsRefused(int left, int top, int width, int height) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Pictures.Gradient(7, 5).Crop(left, top, width, height));

    [Fact]
    public void CropCentre_OddRest_StartsBeforeTheMiddle() =>
        Assert.Equal(Pictures.Gradient(7, 5).Crop(1, 0, 4, 4).Pixels, Pictures.Gradient(7, 5).CropCentre(4, 4).Pixels);

    [Fact]
    public void FlipHorizontally_Twice_IsTheSame()
    {
        RgbImage picture = Pictures.Gradient(5, 3);
        RgbImage flipped = picture.FlipHorizontally();
        Assert.Equal(picture.Pixel(0, 2), flipped.Pixel(4, 2));
        Assert.Equal(picture.Pixels, flipped.FlipHorizontally().Pixels);
    }

    [Fact]
    public void Enlarge_ByThree_RepeatsPixels()
    {
        RgbImage picture = Pictures.Gradient(4, 2);
        RgbImage large = picture.Enlarge(3);
        for (int y = 0; y < large.Height; y++)
        {
            for (int x = 0; x < large.Width; x++)
                Assert.Equal(picture.Pixel(x / 3, y / 3), large.Pixel(x, y));
        }
    }

    [Fact]
    public void Constructor_WrongLength_SaysTheRightOne() =>
        Assert.Contains("takes 12 bytes", Assert.Throws<ArgumentException>(() => new RgbImage(2, 2, new byte[11])).Message, StringComparison.Ordinal);
}
