using System.Buffers.Binary;
using System.Text;
using Nvg.Torch.Files;
using Nvg.Torch.Files.Safetensors;

namespace Nvg.Torch.Tests.Files.Safetensors;

[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public sealed class SafetensorsFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("nvg-test-").FullName;

    private string Target => Path.Combine(_folder, "x.safetensors");

    [Fact]
    public void Write_EveryTypeAndShape_ReadsBack()
    {
        using var scope = new TensorScope();
        var tensors = new Dictionary<string, Tensor>
        {
            ["empty"] = Tensor.Zeros([0, 4]),
            ["rank0"] = Tensor.Scalar(2.5),
            ["view"] = Tensor.Arange(0, 6).Reshape(2, 3).Transpose(0, 1),
            ["ünïcode \"quoted\"\n"] = Tensor.From([1f], 1),
        };
        foreach (ScalarType type in Enum.GetValues<ScalarType>())
            tensors[type.ToString()] = Tensor.From([0f, 1, 2, 3, 1, 0], 3, 2).To(type);
        SafetensorsFile.Write(Target, tensors, new Dictionary<string, string> { ["key"] = "a \"text\" ✓", ["empty"] = "" });
        using SafetensorsFile file = SafetensorsFile.Open(Target);
        Assert.Equal(tensors.Keys.Order(StringComparer.Ordinal), file.Keys.Order(StringComparer.Ordinal));
        foreach ((string name, Tensor expected) in tensors)
        {
            Assert.Equal(expected.ScalarType, file[name].ScalarType);
            Assert.Equal(expected.Shape.ToArray(), file[name].Shape.ToArray());
            Assert.Equal(Bytes(expected), Bytes(file[name]));
        }

        Assert.Equal(("a \"text\" ✓", "", 2), (file.Metadata["key"], file.Metadata["empty"], file.Metadata.Count));
        Assert.False(file.TryGetValue("missing", out _));
        Assert.Throws<SafetensorsException>(() => file["missing"]);
    }

    [Fact]
    public void Open_HandBuiltBytes_ReadsValues()
    {
        Save("""{"b":{"dtype":"I16","shape":[2],"data_offsets":[8,12]},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}}   """,
            [0x00, 0x00, 0x80, 0x3F, 0x00, 0x00, 0x00, 0xC0, 0x01, 0x00, 0xFF, 0xFF]);
        using SafetensorsFile file = SafetensorsFile.Open(Target);
        Assert.Equal(["a", "b"], file.Keys);
        Assert.Equal([1f, -2], file["a"].ToArray<float>());
        Assert.Equal([1, -1], file["b"].ToArray<short>().Select(v => (int)v));
    }

    [Fact]
    public void Write_File_HasTheFormatsBytes()
    {
        using Tensor a = Tensor.From([1f, -2], 2), b = Tensor.From([7L]);
        SafetensorsFile.Write(Target, new Dictionary<string, Tensor> { ["a"] = a, ["b"] = b });
        byte[] bytes = File.ReadAllBytes(Target);
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        Assert.Equal(0, length % 8);
        Assert.Equal("""{"b":{"dtype":"I64","shape":[],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}""",
            Encoding.UTF8.GetString(bytes, 8, length).TrimEnd(' '));
        Assert.Equal([7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0], bytes[(8 + length)..]);
    }

    [Fact]
    public void Release_Tensor_LeavesTheFileAndKeepsItsNumbersForOthers()
    {
        using (Tensor a = Tensor.From([1f, -2], 2), b = Tensor.From([7f], 1))
            SafetensorsFile.Write(Target, new Dictionary<string, Tensor> { ["a"] = a, ["b"] = b });
        using SafetensorsFile file = SafetensorsFile.Open(Target);
        using Tensor kept = file["a"].Alias();
        file.Release("a");
        file.Release("a");
        Assert.Equal([1f, -2], kept.ToArray<float>());
        Assert.Equal((1, false), (file.Count, file.ContainsKey("a")));
        Assert.Equal(["b"], file.Keys);
        Assert.Equal([7f], Assert.Single(file.Values).ToArray<float>());
        Assert.Equal("b", Assert.Single(file.ToList()).Key);
        Assert.Throws<SafetensorsException>(() => file["a"]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void Open_MisalignedData_IsCopied(int blanks)
    {
        string json = """{"u":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"x":{"dtype":"F32","shape":[2],"data_offsets":[1,9]}}""";
        Save(json + new string(' ', blanks), [9, .. BitConverter.GetBytes(1.5f), .. BitConverter.GetBytes(-3f)]);
        Tensor x;
        using (SafetensorsFile file = SafetensorsFile.Open(Target))
        {
            Assert.Equal([9], file["u"].ToArray<byte>().Select(v => (int)v));
            x = file["x"].Alias();
        }

        Assert.Equal([1.5f, -3], x.ToArray<float>());
        Assert.Equal(0, AddressOf(x) % 4);
        x.Dispose();
    }

    // One broken rule each; the words say which.
    public static TheoryData<string, int, string> BrokenHeaders => new()
    {
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 4, "truncated" },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 9, "too long" },
        {
            """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""",
            12, "overlap"
        },
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}""", 12, "gap" },
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "gap" },
        { """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "twice" },
        { """{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "needs 12 bytes" },
        { """{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}}""", 8, "impossible shape" },
        { """{"a":{"dtype":"U8","shape":[0,4611686018427387904,4],"data_offsets":[0,0]}}""", 0, "impossible shape" },
        { """{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", 8, "negative" },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}""", 8, "negative" },
        { """{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}""", 8, "whole numbers" },
        { """{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,8]}}""", 8, "whole numbers" },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, "data_offsets" },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,9]}}""", 8, "data_offsets" },
        { """{"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}""", 8, "F8_E4M3" },
        { """{"a":{"dtype":32,"shape":[2],"data_offsets":[0,8]}}""", 8, "header" },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"more":1}}""", 8, "'more'" },
        { """{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8, "'dtype'" },
        { """{"a":{"dtype":"F32","data_offsets":[0,8]}}""", 8, "shape" },
        { """{"a":[1,2]}""", 0, "object" },
        { """{"a":{"dtype":"F32","shape":[[2]],"data_offsets":[0,8]}}""", 8, "header" },
        { """{"__metadata__":{"a":1}}""", 0, "metadata 'a'" },
        { """{"__metadata__":{"a":"1","a":"2"}}""", 0, "metadata 'a'" },
        { """{"__metadata__":"text"}""", 0, "__metadata__" },
        { """ {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8, "'{'" },
        { "[]", 0, "'{'" },
        { "", 0, "'{'" },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} x""", 8, "JSON" },
        { """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}""", 8, "JSON" },
        { """{"a\nb":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "needs 12 bytes" },
        { """{"\ud800":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8, "JSON" },
    };

    [Theory]
    [MemberData(nameof(BrokenHeaders))]
    public void Open_BrokenRule_SaysWhichInOneLine(string json, int dataLength, string words)
    {
        Save(json, new byte[dataLength]);
        AssertRefused(words);
    }

    [Fact]
    public void Open_BadUtf8_IsRefused()
    {
        byte[] json = Encoding.UTF8.GetBytes("""{"a?":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""");
        json[3] = 0xFF;
        Save(json, new byte[8]);
        AssertRefused("JSON");
    }

    [Fact]
    public void Open_DeeplyNestedJson_IsRefused()
    {
        Save("{\"a\":" + new string('[', 1_000_000), []);
        AssertRefused("'a'");
        Save("{\"a\":{\"dtype\":" + string.Concat(Enumerable.Repeat("{\"b\":", 100_000)), []);
        AssertRefused("header");
    }

    [Fact]
    public void Open_ImpossibleHeaderLength_IsRefused()
    {
        byte[] file = new byte[64];
        foreach (ulong length in new ulong[] { 57, 1 << 30, long.MaxValue, ulong.MaxValue, 1UL << 63 })
        {
            BinaryPrimitives.WriteUInt64LittleEndian(file, length);
            File.WriteAllBytes(Target, file);
            AssertRefused("truncated");
        }

        foreach (int size in new[] { 0, 1, 7 })
        {
            File.WriteAllBytes(Target, new byte[size]);
            AssertRefused(size == 0 ? "is empty" : "eight bytes");
        }
    }

    [Fact]
    public void Open_MissingFile_ThrowsIOException() =>
        Assert.ThrowsAny<IOException>(() => SafetensorsFile.Open(Path.Combine(_folder, "none")));

    [Fact]
    public void Open_RandomMutations_LoadOrAreRefused()
    {
        byte[] valid = Valid();
        var random = new Random(1);
        int loaded = 0;
        for (int i = 0; i < 2000; i++)
        {
            byte[] mutated = Mutate(valid, random);
            File.Delete(Target);
            File.WriteAllBytes(Target, mutated);
            try
            {
                using SafetensorsFile file = SafetensorsFile.Open(Target);
                foreach ((_, Tensor tensor) in file)
                    Assert.Equal(tensor.ElementCount * tensor.ScalarType.ByteSize(), Bytes(tensor).Length);
                loaded++;
            }
            catch (SafetensorsException error)
            {
                Assert.StartsWith(Target, error.Message, StringComparison.Ordinal);
                Assert.DoesNotContain('\n', error.Message);
            }
        }

        // Changes of the data or of names leave a valid file.
        Assert.InRange(loaded, 100, 1900);
    }

    [Fact]
    public void Write_Failure_KeepsTheOldFileAndNothingElse()
    {
        byte[] old = Valid();
        File.WriteAllBytes(Target, old);
        using Tensor good = Tensor.Zeros([1000]), withoutMemory = Tensor.Empty([1000], device: Device.Meta);
        Assert.ThrowsAny<TorchException>(() =>
            SafetensorsFile.Write(Target, new Dictionary<string, Tensor> { ["a"] = good, ["b"] = withoutMemory }));
        Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(Target, stream =>
        {
            stream.Write(new byte[100_000]);
            throw new InvalidOperationException();
        }));
        Assert.Equal(old, File.ReadAllBytes(Target));
        Assert.Equal([Target], Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void Write_NamesThatCannotBeRead_AreRefused()
    {
        using Tensor x = Tensor.Zeros([1]);
        Assert.Throws<ArgumentException>(() => SafetensorsFile.Write(Target, [KeyValuePair.Create("__metadata__", x)]));
        Assert.Throws<ArgumentException>(() => SafetensorsFile.Write(Target, [KeyValuePair.Create("a", x), KeyValuePair.Create("a", x)]));
        Assert.False(File.Exists(Target));
    }

    [Fact]
    public void Dispose_File_LeavesDerivedTensorsReadable()
    {
        using (Tensor x = Tensor.Arange(0, 100_000))
            SafetensorsFile.Write(Target, new Dictionary<string, Tensor> { ["x"] = x });
        Tensor part;
        using (SafetensorsFile file = SafetensorsFile.Open(Target))
        using (Tensor reshaped = file["x"].Reshape(100, 1000))
            part = reshaped.Select(0, 99);
        File.Delete(Target);
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.Equal(Enumerable.Range(99_000, 1000).Select(i => (float)i), part.ToArray<float>());
        part.Dispose();
    }

    [Fact]
    public void MultiplyInPlace_LoadedTensor_ChangesNeitherFileNorOtherReaders()
    {
        using (Tensor x = Tensor.From([1f, 2], 2))
            SafetensorsFile.Write(Target, new Dictionary<string, Tensor> { ["x"] = x });
        byte[] before = File.ReadAllBytes(Target);
        using SafetensorsFile first = SafetensorsFile.Open(Target), second = SafetensorsFile.Open(Target);
        first["x"].MultiplyInPlace(3);
        Assert.Equal([3f, 6], first["x"].ToArray<float>());
        Assert.Equal([1f, 2], second["x"].ToArray<float>());
        Assert.Equal(before, File.ReadAllBytes(Target));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void AssertRefused(string words)
    {
        var error = Assert.Throws<SafetensorsException>(() => SafetensorsFile.Open(Target));
        Assert.StartsWith(Target, error.Message, StringComparison.Ordinal);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    private void Save(string json, byte[] data) => Save(Encoding.UTF8.GetBytes(json), data);

    private void Save(byte[] json, byte[] data)
    {
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        File.WriteAllBytes(Target, [.. length, .. json, .. data]);
    }

    private byte[] Valid()
    {
        using var scope = new TensorScope();
        string path = Path.Combine(_folder, "valid");
        var tensors = new Dictionary<string, Tensor>
        {
            ["encoder.weight"] = Tensor.Arange(0, 12).Reshape(3, 4),
            ["labels"] = Tensor.From([1L, 2], 2),
            ["none"] = Tensor.Zeros([0]),
            ["mask"] = Tensor.From([true, false, true], 3),
        };
        SafetensorsFile.Write(path, tensors, new Dictionary<string, string> { ["format"] = "pt" });
        byte[] bytes = File.ReadAllBytes(path);
        File.Delete(path);
        return bytes;
    }

    private static byte[] Mutate(byte[] valid, Random random)
    {
        var bytes = valid.ToList();
        for (int change = random.Next(1, 4); change > 0; change--)
        {
            int at = random.Next(bytes.Count);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes[at] = (byte)"0123456789-[]{}\",:\\"[random.Next(19)];
                    break;
                case 3:
                    bytes.Insert(at, (byte)random.Next(256));
                    break;
                case 4:
                    bytes.RemoveAt(at);
                    break;
                default:
                    bytes.RemoveRange(at, Math.Min(bytes.Count - at, random.Next(20)));
                    break;
            }

            if (bytes.Count == 0)
                break;
        }

        return [.. bytes];
    }

    private static byte[] Bytes(Tensor tensor)
    {
        byte[] bytes = new byte[tensor.ElementCount * tensor.ScalarType.ByteSize()];
        tensor.CopyBytesTo(bytes);
        return bytes;
    }

    private static unsafe long AddressOf(Tensor tensor)
    {
        fixed (float* first = tensor.AsSpan<float>())
            return (long)first;
    }
}
