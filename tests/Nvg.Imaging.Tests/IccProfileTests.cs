namespace Nvg.Imaging.Tests;

/// <summary>Embedded ICC profiles of every kind of image; expected values follow from the definition of the profiles.</summary>
public class IccProfileTests
{
    private const double Gamma = 563 / 256.0;

    // Saturated and pale colours and greys, all inside sRGB.
    private static readonly byte[][] Scene =
        [[40, 200, 60], [200, 80, 60], [60, 70, 210], [128, 128, 128], [250, 240, 30], [12, 40, 90], [255, 255, 255], [0, 0, 0]];

    [Theory]
    [InlineData(8)]
    [InlineData(16)]
    public void Decode_WideProfile_BecomesSrgb(int bits)
    {
        byte[] profile = BuiltProfiles.Rgb(BuiltProfiles.Wide, Gamma);
        byte[][] stored = [.. Scene.Select(colour => Stored(InWide(colour), bits))];
        Assert.NotEqual(Scene[0], stored[0]);
        RgbImage image = ImageFile.Decode(BuiltImages.PngWith(profile, colourType: 2, bits, stored), "a");
        for (int x = 0; x < Scene.Length; x++)
            AssertNear(Scene[x], image.Pixel(x, 0), 2);
    }

    [Fact]
    public void Decode_WideProfileWithTransparency_BecomesSrgbOnWhite()
    {
        byte[] profile = BuiltProfiles.Rgb(BuiltProfiles.Wide, Gamma);
        byte[] stored = Stored(InWide(Scene[0]), 8);
        RgbImage image = ImageFile.Decode(
            BuiltImages.PngWith(profile, colourType: 6, bits: 8, [.. stored, 255], [.. stored, 0]), "a");
        AssertNear(Scene[0], image.Pixel(0, 0), 2);
        Assert.Equal([255, 255, 255], image.Pixel(1, 0));
        byte[] wide = Stored(InWide(Scene[0]), 16);
        RgbImage narrowed = ImageFile.Decode(
            BuiltImages.PngWith(profile, colourType: 6, bits: 16, [.. wide, 255, 255], [.. wide, 0, 0]), "a");
        AssertNear(Scene[0], narrowed.Pixel(0, 0), 2);
        Assert.Equal([255, 255, 255], narrowed.Pixel(1, 0));
    }

    [Fact]
    public void Decode_WideProfileResized_BecomesSrgb()
    {
        byte[] profile = BuiltProfiles.Rgb(BuiltProfiles.Wide, Gamma);
        byte[] stored = Stored(InWide(Scene[0]), 8);
        RgbImage image = ImageFile.Decode(BuiltImages.PngWith(profile, colourType: 2, bits: 8, stored, stored), "a", shorterSide: 4);
        Assert.Equal((8, 4), (image.Width, image.Height));
        AssertNear(Scene[0], image.Pixel(3, 2), 2);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(2)]
    public void Decode_GreyProfile_BecomesSrgb(int? shorterSide)
    {
        // Linear light of one half is 188 in sRGB.
        byte[] png = BuiltImages.PngWith(BuiltProfiles.Grey(gamma: 1), colourType: 0, bits: 8, [128], [128]);
        RgbImage image = shorterSide is { } side ? ImageFile.Decode(png, "a", side) : ImageFile.Decode(png, "a");
        AssertNear([188, 188, 188], image.Pixel(1, 0), 1);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(2)]
    public void Decode_CmykProfile_PrintsItsInks(int? shorterSide)
    {
        // The first ink prints L* = 50.2, a* = 60, b* = 0, which is (206, 63, 122) in sRGB (Bradford adaptation from D50).
        byte[] tiff = BuiltImages.CmykTiff([255, 0, 0, 0], BuiltProfiles.Inks([128, 188, 128]));
        RgbImage image = shorterSide is { } side ? ImageFile.Decode(tiff, "a", side) : ImageFile.Decode(tiff, "a");
        AssertNear([206, 63, 122], image.Pixel(1, 1), 2);
        RgbImage paper = ImageFile.Decode(BuiltImages.CmykTiff([0, 255, 255, 255], BuiltProfiles.Inks([128, 188, 128])), "a");
        AssertNear([255, 255, 255], paper.Pixel(1, 1), 2);
    }

    [Fact]
    public void Decode_BrokenProfile_IsReadAsWithoutOne()
    {
        byte[] profile = BuiltProfiles.Rgb(BuiltProfiles.Wide, Gamma)[..200];
        Assert.Equal(Scene[0], ImageFile.Decode(BuiltImages.PngWith(profile, colourType: 2, bits: 8, Scene), "a").Pixel(0, 0));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(2)]
    public void Decode_ProfileOfOtherChannels_IsReadAsWithoutOne(int? shorterSide)
    {
        byte[] with = BuiltImages.CmykTiff([20, 200, 30, 10], BuiltProfiles.Rgb(BuiltProfiles.Wide, Gamma));
        byte[] without = BuiltImages.CmykTiff([20, 200, 30, 10]);
        RgbImage Read(byte[] tiff) => shorterSide is { } side ? ImageFile.Decode(tiff, "a", side) : ImageFile.Decode(tiff, "a");
        Assert.Equal(Read(without).Pixels, Read(with).Pixels);
    }

    [Fact]
    public void DecodeMap_Profile_KeepsTheNumbers()
    {
        byte[] png = BuiltImages.PngWith(BuiltProfiles.Grey(gamma: 1), colourType: 0, bits: 8, [128], [7]);
        Assert.Equal([128, 7], ImageFile.DecodeMap(png, "a").Values);
    }

    /// <summary>What stands for an sRGB colour under the wide profile, 0 to 1.</summary>
    private static double[] InWide(byte[] colour)
    {
        double[] light = [.. colour.Select(v => v / 255.0).Select(v => v <= 0.04045 ? v / 12.92 : Math.Pow((v + 0.055) / 1.055, 2.4))];
        double[] xyz = Multiply(BuiltProfiles.Srgb, light);
        return [.. Multiply(Inverse(BuiltProfiles.Wide), xyz).Select(v => Math.Pow(Math.Clamp(v, 0, 1), 1 / Gamma))];
    }

    private static byte[] Stored(double[] colour, int bits) => bits == 8
        ? [.. colour.Select(v => (byte)Math.Round(v * 255))]
        : [.. colour.Select(v => (int)Math.Round(v * 65535)).SelectMany(v => new[] { (byte)(v >> 8), (byte)v })];

    private static double[] Multiply(double[,] matrix, double[] vector) =>
        [.. Enumerable.Range(0, 3).Select(row => Enumerable.Range(0, 3).Sum(column => matrix[row, column] * vector[column]))];

    private static double[,] Inverse(double[,] m)
    {
        double Minor(int row, int column)
        {
            (int r1, int r2, int c1, int c2) = ((row + 1) % 3, (row + 2) % 3, (column + 1) % 3, (column + 2) % 3);
            return (m[r1, c1] * m[r2, c2]) - (m[r1, c2] * m[r2, c1]);
        }

        double determinant = Enumerable.Range(0, 3).Sum(column => m[0, column] * Minor(0, column));
        var inverse = new double[3, 3];
        for (int row = 0; row < 3; row++)
        {
            for (int column = 0; column < 3; column++)
                inverse[column, row] = Minor(row, column) / determinant;
        }

        return inverse;
    }

    private static void AssertNear(byte[] expected, byte[] actual, int tolerance)
    {
        for (int channel = 0; channel < expected.Length; channel++)
            Assert.InRange(actual[channel], expected[channel] - tolerance, expected[channel] + tolerance);
    }
}
