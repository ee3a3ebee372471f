using System.Buffers.Binary;
using Nvg.Imaging;
using Nvg.Torch.Files;
using Nvg.Torch.Files.Npy;

namespace Nvg.Evaluation.SampleSets;

/// <summary>
/// The arrays of a sample file: <c>arr_0</c> with the images (uint8, N × H × W × 3) and <c>arr_1</c> with their classes (int64),
/// as common evaluation tools expect them, and <c>settings</c> with JSON as uint8. All sizes follow from the settings.
/// </summary>
internal sealed class SampleArrays(SampleSettings settings)
{
    internal const string Images = "arr_0.npy", Classes = "arr_1.npy", Settings = "settings.npy";

    private readonly byte[] _imageHeader =
        new NpyHeader(NpyElement.UInt8, [settings.Count, settings.ImageSize, settings.ImageSize, RgbImage.Channels]).ToBytes();

    /// <summary>Size of one image in bytes.</summary>
    internal long ImageBytes => (long)settings.ImageSize * settings.ImageSize * RgbImage.Channels;

    /// <summary>Size of <c>arr_0</c> in bytes, header included.</summary>
    internal long ImageArrayBytes => _imageHeader.Length + settings.Count * ImageBytes;

    /// <summary>Offset of the first image in the file.</summary>
    internal long FirstImage => ResumableZipWriter.HeaderLength(Images) + _imageHeader.Length;

    /// <summary>The header of the image array.</summary>
    internal ReadOnlySpan<byte> ImageHeader => _imageHeader;

    /// <summary>Writes the start of the file.</summary>
    internal void Begin(ResumableZipWriter zip)
    {
        zip.Begin(Images, ImageArrayBytes);
        zip.Write(_imageHeader);
    }

    /// <summary>Writes the rest of the file after the last image.</summary>
    internal void Finish(ResumableZipWriter zip)
    {
        byte[] classes = new byte[8L * settings.Count];
        for (int i = 0; i < settings.Count; i++)
            BinaryPrimitives.WriteInt64LittleEndian(classes.AsSpan(8 * i), settings.ClassOf(settings.First + i));
        Add(zip, Classes, new NpyHeader(NpyElement.Int64, [settings.Count]), classes);
        byte[] text = settings.ToBytes();
        Add(zip, Settings, new NpyHeader(NpyElement.UInt8, [text.Length]), text);
        zip.Finish();
    }

    private static void Add(ResumableZipWriter zip, string name, NpyHeader header, byte[] content)
    {
        byte[] start = header.ToBytes();
        zip.Begin(name, start.Length + content.LongLength);
        zip.Write(start);
        zip.Write(content);
    }
}
