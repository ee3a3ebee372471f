namespace Nvg.Torch.Files.PyTorch;

/// <summary>Constants of the zip format, shared by reader and writer.</summary>
internal static class ZipFormat
{
    internal const uint LocalSignature = 0x04034B50;
    internal const uint DescriptorSignature = 0x08074B50;
    internal const uint CentralSignature = 0x02014B50;
    internal const uint EndSignature = 0x06054B50;
    internal const uint WideEndSignature = 0x06064B50;
    internal const uint WideLocatorSignature = 0x07064B50;

    internal const int LocalLength = 30;
    internal const int CentralLength = 46;
    internal const int EndLength = 22;
    internal const int WideEndLength = 56;
    internal const int WideLocatorLength = 20;
    internal const int DescriptorLength = 16;
    internal const int WideDescriptorLength = 24;

    /// <summary>Sizes and checksum follow the data.</summary>
    internal const ushort DescriptorFlag = 0x0008;

    /// <summary>Names are UTF-8.</summary>
    internal const ushort Utf8Flag = 0x0800;

    /// <summary>Extra field for sizes and offsets beyond 32 bits.</summary>
    internal const ushort WideExtra = 0x0001;

    /// <summary>PyTorch's own extra field, which pads data to an alignment.</summary>
    internal const ushort PaddingExtra = 0x4246;
}
