using System.Buffers.Binary;
using System.Text;

namespace Nvg.Imaging.Tests;

/// <summary>ICC profiles (version 2) put together byte by byte.</summary>
internal static class BuiltProfiles
{
    /// <summary>The colourants of sRGB (columns: red, green, blue), adapted to D50.</summary>
    internal static readonly double[,] Srgb =
    {
        { 0.4360, 0.3851, 0.1431 },
        { 0.2225, 0.7169, 0.0606 },
        { 0.0139, 0.0971, 0.7141 },
    };

    /// <summary>The colourants of Display P3, a wider space.</summary>
    internal static readonly double[,] Wide =
    {
        { 0.5151, 0.2919, 0.1572 },
        { 0.2412, 0.6922, 0.0666 },
        { -0.0011, 0.0419, 0.7841 },
    };

    private static readonly double[] D50 = [0.9642, 1, 0.8249];

    /// <summary>An RGB profile of three colourants and one gamma.</summary>
    internal static byte[] Rgb(double[,] colourants, double gamma)
    {
        byte[] curve = Curve(gamma);
        return Profile("mntr", "RGB ", "XYZ ",
            ("wtpt", Xyz(D50)), ("rXYZ", Xyz(Column(colourants, 0))), ("gXYZ", Xyz(Column(colourants, 1))),
            ("bXYZ", Xyz(Column(colourants, 2))), ("rTRC", curve), ("gTRC", curve), ("bTRC", curve));
    }

    /// <summary>A grey profile of one gamma.</summary>
    internal static byte[] Grey(double gamma) => Profile("mntr", "GRAY", "XYZ ", ("wtpt", Xyz(D50)), ("kTRC", Curve(gamma)));

    /// <summary>A press of strange inks: the first prints <paramref name="first"/> (L*, a*, b* in 8 bits), the others nothing.</summary>
    internal static byte[] Inks(byte[] first)
    {
        byte[] identity = [.. Enumerable.Range(0, 256).Select(i => (byte)i)], paper = [255, 128, 128];
        byte[] matrix = [.. Enumerable.Range(0, 9).SelectMany(i => Fixed(i % 4 == 0 ? 1 : 0))];
        byte[] table =
        [
            .. "mft1\0\0\0\0"u8, 4, 3, 2, 0, .. matrix,
            .. Enumerable.Repeat(identity, 4).SelectMany(c => c),
            // The first ink varies slowest.
            .. Enumerable.Range(0, 16).SelectMany(corner => corner < 8 ? paper : first),
            .. Enumerable.Repeat(identity, 3).SelectMany(c => c),
        ];
        return Profile("prtr", "CMYK", "Lab ", ("wtpt", Xyz(D50)), ("A2B0", table), ("A2B1", table));
    }

    private static byte[] Profile(string device, string space, string connection, params (string Name, byte[] Data)[] tags)
    {
        byte[] description = [.. "desc\0\0\0\0\0\0\0\x05test\0"u8, .. new byte[78]];
        (string Name, byte[] Data)[] all = [("desc", description), ("cprt", [.. "text\0\0\0\0none\0"u8]), .. tags];
        List<byte> table = [.. Big(all.Length)], body = [];
        int start = 128 + 4 + (12 * all.Length);
        foreach ((string name, byte[] data) in all)
        {
            table.AddRange([.. Encoding.ASCII.GetBytes(name), .. Big(start + body.Count), .. Big(data.Length)]);
            body.AddRange([.. data, .. new byte[-data.Length & 3]]);
        }

        byte[] header =
        [
            .. Big(start + body.Count), 0, 0, 0, 0, 2, 16, 0, 0, .. Encoding.ASCII.GetBytes(device + space + connection),
            .. new byte[12], .. "acsp"u8, .. new byte[28], .. D50.SelectMany(Fixed),
        ];
        return [.. header, .. new byte[128 - header.Length], .. table, .. body];
    }

    private static double[] Column(double[,] matrix, int column) => [matrix[0, column], matrix[1, column], matrix[2, column]];

    private static byte[] Xyz(double[] values) => [.. "XYZ \0\0\0\0"u8, .. values.SelectMany(Fixed)];

    private static byte[] Curve(double gamma) => [.. "curv\0\0\0\0"u8, .. Big(1), .. Big((int)Math.Round(gamma * 256) << 16)[..2]];

    private static byte[] Fixed(double value) => Big((int)Math.Round(value * 65536));

    private static byte[] Big(int value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }
}
