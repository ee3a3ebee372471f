using System.Text;

namespace Nvg.Torch.Tests.Files.PyTorch;

/// <summary>An archive to be written as it should be, or with one thing wrong.</summary>
internal sealed class Zip
{
    internal List<Entry> Entries { get; } = [];

    internal byte[] Trailer { get; set; } = [];

    internal int ClaimedCount { get; set; } = -1;

    internal ushort Disk { get; set; }

    /// <summary>An archive as PyTorch lays it out.</summary>
    internal static Zip Of(byte[] pickle, params (string Key, byte[] Bytes)[] storages)
    {
        var zip = new Zip();
        zip.Entries.Add(new Entry("archive/data.pkl", pickle));
        zip.Entries.AddRange(storages.Select(s => new Entry($"archive/data/{s.Key}", s.Bytes)));
        zip.Entries.Add(new Entry("archive/version", "3\n"u8.ToArray()));
        return zip;
    }

    internal byte[] ToBytes()
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        var starts = new List<uint>();
        foreach (Entry e in Entries)
        {
            starts.Add((uint)stream.Position);
            writer.Write(0x04034B50u);
            writer.Write((ushort)0);
            writer.Write((ushort)(e.LocalFlags ?? e.Flags));
            writer.Write((ushort)(e.LocalMethod ?? e.Method));
            writer.Write(0u);
            writer.Write(e.LocalCrc ?? e.RealCrc);
            writer.Write(e.LocalSize ?? e.RealSize);
            writer.Write(e.LocalSize ?? e.RealSize);
            byte[] name = Encoding.UTF8.GetBytes(e.LocalName ?? e.Name);
            writer.Write((ushort)name.Length);
            writer.Write((ushort)e.LocalExtra.Length);
            writer.Write(name);
            writer.Write(e.LocalExtra);
            writer.Write(e.Data);
            writer.Write(e.Descriptor);
        }

        uint directory = (uint)stream.Position;
        for (int i = 0; i < Entries.Count; i++)
        {
            Entry e = Entries[i];
            writer.Write(0x02014B50u);
            writer.Write(0u);
            writer.Write((ushort)e.Flags);
            writer.Write((ushort)e.Method);
            writer.Write(0u);
            writer.Write(e.Crc ?? e.RealCrc);
            writer.Write(e.StoredSize ?? e.Size ?? e.RealSize);
            writer.Write(e.Size ?? e.RealSize);
            byte[] name = Encoding.UTF8.GetBytes(e.Name);
            writer.Write((ushort)name.Length);
            writer.Write((ushort)e.CentralExtra.Length);
            writer.Write((ushort)0);
            writer.Write(0u);
            writer.Write(0u);
            writer.Write((uint)(starts[i] + e.Shift));
            writer.Write(name);
            writer.Write(e.CentralExtra);
        }

        uint length = (uint)stream.Position - directory;
        writer.Write(0x06054B50u);
        writer.Write(Disk);
        writer.Write(Disk);
        int count = ClaimedCount < 0 ? Entries.Count : ClaimedCount;
        writer.Write((ushort)count);
        writer.Write((ushort)count);
        writer.Write(length);
        writer.Write(directory);
        writer.Write((ushort)0);
        writer.Write(Trailer);
        return stream.ToArray();
    }

    /// <summary>One entry; what is null is as it should be.</summary>
    internal sealed record Entry(string Name, byte[] Data)
    {
        internal uint RealCrc { get; } = ReferenceCrc(Data);
        internal uint RealSize => (uint)Data.Length;
        internal int Flags { get; init; }
        internal int? LocalFlags { get; init; }
        internal int Method { get; init; }
        internal int? LocalMethod { get; init; }
        internal string? LocalName { get; init; }
        internal uint? Crc { get; init; }
        internal uint? LocalCrc { get; init; }
        internal uint? Size { get; init; }
        internal uint? StoredSize { get; init; }
        internal uint? LocalSize { get; init; }
        internal int Shift { get; init; }
        internal byte[] LocalExtra { get; init; } = [];
        internal byte[] CentralExtra { get; init; } = [];
        internal byte[] Descriptor { get; init; } = [];
    }

    /// <summary>The checksum bit by bit, as the format defines it.</summary>
    internal static uint ReferenceCrc(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in bytes)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
        }

        return ~crc;
    }
}
