namespace Nvg.Imaging.Tests;

public class RgbImageTests
{
    [Fact]
    public void Crop_Inside_CopiesTheRectangle()
    {
        RgbImage image = Images.Gradient(7, 5);
        RgbImage crop = image.Crop(2, 1, 3, 4);
        Assert.Equal((3, 4), (crop.Width, crop.Height));
        Assert.Equal(image.Pixel(2, 1), crop.Pixel(0, 0));
        Assert.Equal(image.Pixel(4, 4), crop.Pixel(2, 3));
    }

    [Theory]
    [InlineData(-1, 0, 3, 3)]
    [InlineData(5, 0, 3, 3)]
    [InlineData(0, 3, 3, 3)]
    [InlineData(0, 0, 0, 3)]
    [InlineData(int.MaxValue, 0, 3, 3)]
    public void Crop_Outside_IsRefused(int left, int top, int width, int height) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Images.Gradient(7, 5).Crop(left, top, width, height));

    [Fact]
    public void CropCentre_OddRest_StartsBeforeTheMiddle() =>
        Assert.Equal(Images.Gradient(7, 5).Crop(1, 0, 4, 4).Pixels, Images.Gradient(7, 5).CropCentre(4, 4).Pixels);

    [Fact]
    public void FlipHorizontally_Twice_IsTheSame()
    {
        RgbImage image = Images.Gradient(5, 3);
        RgbImage flipped = image.FlipHorizontally();
        Assert.Equal(image.Pixel(0, 2), flipped.Pixel(4, 2));
        Assert.Equal(image.Pixels, flipped.FlipHorizontally().Pixels);
    }

    [Fact]
    public void Enlarge_ByThree_RepeatsPixels()
    {
        RgbImage image = Images.Gradient(4, 2);
        RgbImage large = image.Enlarge(3);
        for (int y = 0; y < large.Height; y++)
        {
            for (int x = 0; x < large.Width; x++)
                Assert.Equal(image.Pixel(x / 3, y / 3), large.Pixel(x, y));
        }
    }

    [Fact]
    public void Constructor_WrongLength_SaysTheRightOne() =>
        Assert.Contains("takes 12 bytes", Assert.Throws<ArgumentException>(() => new RgbImage(2, 2, new byte[11])).Message, StringComparison.Ordinal);
}
