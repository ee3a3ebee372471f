using System.Text;

namespace Nvg.Data.Tests;

/// <summary>Pickles as the archives of CIFAR for Python have them: protocol 2, texts of Python 2, arrays of NumPy.</summary>
internal static class CifarPickles
{
    internal static byte[] Batch(byte[] labels, byte[] pixels, string key, int columns = 3072) =>
    [
        0x80, 2, .. Op("}q\u0001("),
        .. Text("batch_label"), .. Text("training batch 1 of 5"),
        .. Text(key), .. Op("]q\u0005("), .. labels.SelectMany(label => (byte[])[(byte)'K', label]), (byte)'e',
        .. Text("data"), .. Array(pixels, columns),
        .. Text("filenames"), .. Op("]q\u0006("), .. labels.SelectMany(_ => Text("a_s_000.png")), (byte)'e',
        .. Op("u."),
    ];

    internal static byte[] Names(string key, params string[] names) =>
        [
            0x80, 2, .. Op("}q\u0001("), .. Text("num_vis"), .. Op("M\0\u000c"), .. Text(key), .. Op("]("), .. names.SelectMany(Text),
            .. Op("eu.")];

    internal static byte[] Call(string module, string name) => [0x80, 2, .. Op($"c{module}\n{name}\n("), .. Text("true"), .. Op("tR.")];

    // numpy.core.multiarray._reconstruct(ndarray, (0,), 'b'), then its state.
    private static byte[] Array(byte[] pixels, int columns) =>
    [
        .. Op("cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\u0085"), .. Text("b"), .. Op("\u0087R"),
        .. Op("(K\u0001"), .. Number(pixels.Length / columns), .. Number(columns), 0x86,
        .. Op("cnumpy\ndtype\n"), .. Text("u1"), .. Op("K\0K\u0001\u0087R"),
        .. Op("(K\u0003"), .. Text("|"), .. Op("NNN"), .. Number(-1), .. Number(-1), .. Op("K\0tb"),
        0x89, (byte)'T', .. BitConverter.GetBytes(pixels.Length), .. pixels, .. Op("tb"),
    ];

    private static byte[] Number(int value) => [(byte)'J', .. BitConverter.GetBytes(value)];

    private static byte[] Text(string text) => [(byte)'U', (byte)text.Length, .. Encoding.ASCII.GetBytes(text)];

    private static byte[] Op(string characters) => Encoding.Latin1.GetBytes(characters);
}
