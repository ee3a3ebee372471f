using System.Buffers.Binary;
using System.IO.Hashing;
using Nvg.Torch.Files.PyTorch;
using Xunit.Abstractions;

namespace Nvg.Torch.Tests.Files.PyTorch;

/// <summary>
/// Damaged files either load or are refused, and never do anything else. NVG_FUZZ_COUNT sets how many of each form are tried.
/// </summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public sealed class PyTorchFuzzTests(ITestOutputHelper output) : IDisposable
{
    // What one damaged file of a few hundred bytes may allocate at most: the reader's limits, not the file's claims.
    private const long MostBytes = 64 << 20;

    private const string Instructions = "(}])t.NRbseuaqhcQX\u0081\u0085\u0086\u0087\u0088\u008AJKM";

    private static readonly int Count = int.TryParse(Environment.GetEnvironmentVariable("NVG_FUZZ_COUNT"), out int count) ? count : 1000;

    private readonly string _path = Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"nvg-fuzz-{Guid.NewGuid():N}.pth");

    [Fact]
    public void Open_DamagedArchive_LoadsOrIsRefused() => Run(File.ReadAllBytes(WriteOwn()), checksumPlace: FindCentralChecksum);

    [Fact]
    public void Open_DamagedLegacyFile_LoadsOrIsRefused()
    {
        byte[] state = Pickle.Dictionary(
            ("w", Pickle.SmallTensor), ("t", Pickle.Tensor("0", 6, 0, [3, 2], [1, 3])), ("b", Pickle.Tensor("1", 5, 1, [4], [1], "ByteStorage")));
        byte[] root = Pickle.Dictionary(("state_dict", state), ("epoch", Pickle.Integer(7)), ("other", Pickle.Call("mine", "Thing", Pickle.Text("x"))));
        Run(Pickle.Legacy(root, ("0", 6, new byte[24]), ("1", 5, [1, 2, 3, 4, 5])), checksumPlace: null);
    }

    public void Dispose() => File.Delete(_path);

    private void Run(byte[] valid, Func<byte[], int>? checksumPlace)
    {
        Assert.True(Opens(valid), "the file is not valid before it is damaged");
        int loaded = 0;
        long most = 0;
        var clock = System.Diagnostics.Stopwatch.StartNew();
        for (int i = 0; i < Count; i++)
        {
            var random = new Random(i);
            byte[] damaged = Damage(valid, random);
            // Half of the archives get a checksum that fits, so that the damage reaches the unpickler.
            if (checksumPlace is not null && i % 2 == 0)
                damaged = DamagePickle(valid, random, checksumPlace(valid));
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                if (Opens(damaged))
                    loaded++;
            }
            catch (Exception error) when (error is not PyTorchFileException)
            {
                Assert.Fail($"mutation {i}: {error}");
            }

            most = Math.Max(most, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        output.WriteLine($"{Count} damaged files in {clock.Elapsed.TotalSeconds:F1} s: {loaded} loaded, {Count - loaded} refused; at most {most / 1024} KiB allocated for one");
        Assert.InRange(most, 0, MostBytes);
        // Damage to values alone is not seen in the older form, and padding is nobody's; most other damage must be.
        Assert.InRange(loaded, 0, Count * 9 / 10);
    }

    // Opens and reads all; false where it is refused.
    private bool Opens(byte[] bytes)
    {
        File.WriteAllBytes(_path, bytes);
        try
        {
            using var scope = new TensorScope();
            using PyTorchFile file = PyTorchFile.Open(_path);
            foreach (Tensor tensor in file.Values)
                tensor.To(ScalarType.Float64).Sum().Item();

            return true;
        }
        catch (PyTorchFileException)
        {
            return false;
        }
    }

    private static byte[] Damage(byte[] valid, Random random)
    {
        List<byte> bytes = [.. valid];
        for (int changes = random.Next(1, 4); changes > 0; changes--)
        {
            int at = random.Next(bytes.Count), length = Math.Min(random.Next(1, 9), bytes.Count - at);
            switch (random.Next(6))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = (byte)random.Next(256); break;
                case 2: bytes.RemoveRange(at, length); break;
                case 3: bytes.InsertRange(at, bytes.GetRange(random.Next(bytes.Count - length + 1), length)); break;
                case 4: bytes.RemoveRange(at, bytes.Count - at); break;
                default: Overwrite(bytes, at, random); break;
            }

            if (bytes.Count == 0)
                return [];
        }

        return [.. bytes];
    }

    // Numbers that overflow, or nearly.
    private static void Overwrite(List<byte> bytes, int at, Random random)
    {
        long[] numbers = [0, -1, long.MaxValue, long.MinValue, int.MaxValue, uint.MaxValue, 1L << 40];
        byte[] number = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(number, numbers[random.Next(numbers.Length)]);
        for (int i = 0; i < (random.Next(2) == 0 ? 4 : 8) && at + i < bytes.Count; i++)
            bytes[at + i] = number[i];
    }

    // The pickle is the first entry: its bytes change in place, and both checksums with them.
    private static byte[] DamagePickle(byte[] valid, Random random, int centralChecksum)
    {
        byte[] bytes = [.. valid];
        int length = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(centralChecksum + 4));
        int start = 30 + BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(26)) + BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(28));
        Span<byte> pickle = bytes.AsSpan(start, length);
        for (int changes = random.Next(1, 5); changes > 0; changes--)
        {
            List<byte> copy = [.. pickle];
            int at = random.Next(length);
            if (random.Next(2) == 0)
                Overwrite(copy, at, random);
            else
                copy[at] = random.Next(3) == 0 ? (byte)Instructions[random.Next(Instructions.Length)] : (byte)random.Next(256);
            copy.CopyTo(pickle);
        }

        uint crc = Crc32.HashToUInt32(pickle);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(centralChecksum), crc);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(start + length + 4), crc);
        return bytes;
    }

    private static int FindCentralChecksum(byte[] bytes) => bytes.AsSpan().IndexOf("PK\u0001\u0002"u8) + 16;

    private string WriteOwn()
    {
        using var scope = new TensorScope();
        PyTorchFile.Write(_path, new Dictionary<string, Tensor>
        {
            ["a.weight"] = Tensor.Arange(0, 12).Reshape(3, 4),
            ["a.bias"] = Tensor.Arange(0, 3, type: ScalarType.Float64),
            ["b"] = Tensor.Zeros([0, 2], ScalarType.Int64),
            ["c"] = Tensor.Scalar(1, ScalarType.BFloat16),
        }, new Dictionary<string, object> { ["epoch"] = 3L, ["note"] = "text" });
        return _path;
    }
}
