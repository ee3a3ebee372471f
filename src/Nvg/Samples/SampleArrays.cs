using System.Buffers.Binary;
using Nvg.Data;
using Nvg.Rendering;

namespace Nvg.Samples;

/// <summary>
/// The arrays of a sample file: <c>arr_0</c> pictures (uint8, N × H × W × 3) and <c>arr_1</c> their classes (int64), as the
/// evaluation tools of the field have them, and <c>settings</c>, JSON as uint8. All sizes follow from the settings.
/// </summary>
internal sealed class SampleArrays(SampleSettings settings)
{
    internal const string Pictures = "arr_0.npy", Classes = "arr_1.npy", Settings = "settings.npy";

    private readonly byte[] _pictureHeader = new NpyHeader(NpyElement.UInt8, [settings.Count, settings.ImageSize, settings.ImageSize, RgbImage.Channels]).ToBytes();

    /// <summary>Bytes of one picture.</summary>
    internal long PictureBytes => (long)settings.ImageSize * settings.ImageSize * RgbImage.Channels;

    /// <summary>Bytes of <c>arr_0</c> with its header.</summary>
    internal long PictureArrayBytes => _pictureHeader.Length + settings.Count * PictureBytes;

    /// <summary>Where the first picture lies in the file.</summary>
    internal long FirstPicture => StoredZipWriter.HeaderLength(Pictures) + _pictureHeader.Length;

    /// <summary>What stands before the pictures in their array.</summary>
    internal ReadOnlySpan<byte> PictureHeader => _pictureHeader;

    /// <summary>Begins the file.</summary>
    internal void Begin(StoredZipWriter zip)
    {
        zip.Begin(Pictures, PictureArrayBytes);
        zip.Write(_pictureHeader);
    }

    /// <summary>Ends the file after its last picture.</summary>
    internal void Finish(StoredZipWriter zip)
    {
        byte[] classes = new byte[8L * settings.Count];
        for (int i = 0; i < settings.Count; i++)
            BinaryPrimitives.WriteInt64LittleEndian(classes.AsSpan(8 * i), settings.Picture(settings.First + i).Class);
        Add(zip, Classes, new NpyHeader(NpyElement.Int64, [settings.Count]), classes);
        byte[] text = settings.ToBytes();
        Add(zip, Settings, new NpyHeader(NpyElement.UInt8, [text.Length]), text);
        zip.Finish();
    }

    private static void Add(StoredZipWriter zip, string name, NpyHeader header, byte[] content)
    {
        byte[] start = header.ToBytes();
        zip.Begin(name, start.Length + content.LongLength);
        zip.Write(start);
        zip.Write(content);
    }
}
