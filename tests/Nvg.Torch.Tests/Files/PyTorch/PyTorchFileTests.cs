using Nvg.Torch.Files;
using Nvg.Torch.Files.PyTorch;
using Nvg.Torch.Files.Safetensors;

namespace Nvg.Torch.Tests.Files.PyTorch;

[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public sealed class PyTorchFileTests : IDisposable
{
    private static readonly float[] Six = [1, 2, 3, 4, 5, 6];

    private readonly string _folder = Directory.CreateTempSubdirectory("nvg-test-").FullName;

    private string Target => Path.Combine(_folder, "x.pth");

    [Fact]
    public void Open_HandMadeArchive_ReadsValues()
    {
        Save(Zip.Of(Pickle.Whole(
            Pickle.Dictionary(("state_dict", Pickle.Dictionary(("w", Pickle.SmallTensor))), ("epoch", Pickle.Integer(7)),
            ("name", Pickle.Text("ü")))), ("0", Bytes(Six))));
        using PyTorchFile file = PyTorchFile.Open(Target);
        Assert.Equal(["w"], file.Keys);
        Assert.Equal([2, 3], file["w"].Shape.ToArray());
        Assert.Equal(Six, file["w"].ToArray<float>());
        Assert.Equal((7L, "ü", 2), (file.Scalars["epoch"], file.Scalars["name"], file.Scalars.Count));
        Assert.False(file.TryGetValue("missing", out _));
        Assert.Contains("'missing'", Assert.Throws<PyTorchFileException>(() => file["missing"]).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_ViewsOfOneStorage_ShareItsMemory()
    {
        byte[] state = Pickle.Dictionary(
            ("whole", Pickle.SmallTensor),
            ("transposed", Pickle.Tensor("0", 6, 0, [3, 2], [1, 3])),
            ("column", Pickle.Tensor("0", 6, 1, [2], [3])),
            ("scalar", Pickle.Tensor("0", 6, 5, [], [])),
            ("repeated", Pickle.Tensor("0", 6, 2, [4, 1], [0, 9])),
            ("empty", Pickle.Tensor("0", 6, 6, [0, 3], [3, 1])));
        Save(Zip.Of(Pickle.Whole(state), ("0", Bytes(Six))));
        using PyTorchFile file = PyTorchFile.Open(Target);
        Assert.Equal([1f, 4, 2, 5, 3, 6], file["transposed"].ToArray<float>());
        Assert.Equal([2f, 5], file["column"].ToArray<float>());
        Assert.Equal([6f], file["scalar"].ToArray<float>());
        Assert.Equal(0, file["scalar"].Rank);
        Assert.Equal([3f, 3, 3, 3], file["repeated"].ToArray<float>());
        Assert.Equal([0, 3], file["empty"].Shape.ToArray());
        file["whole"].MultiplyInPlace(10);
        Assert.Equal([20f, 50], file["column"].ToArray<float>());
        using PyTorchFile again = PyTorchFile.Open(Target);
        Assert.Equal(Six, again["whole"].ToArray<float>());
    }

    [Fact]
    public void Open_TensorsBehindTheFile_OutliveIt()
    {
        Save(Zip.Of(Pickle.Whole(Pickle.Dictionary(("w", Pickle.SmallTensor))), ("0", Bytes(Six))));
        Tensor kept;
        using (PyTorchFile file = PyTorchFile.Open(Target))
            kept = file["w"].Alias();
        using (kept)
            Assert.Equal(Six, kept.ToArray<float>());
    }

    [Fact]
    public void Open_LegacyFile_ReadsPartsAndMisalignedStorages()
    {
        byte[] part = Pickle.Call("torch._utils", "_rebuild_tensor",
            Pickle.Storage("b", 6, "DoubleStorage", Pickle.Tuple(Pickle.Text("v"), Pickle.Integer(2), Pickle.Integer(3))),
            Pickle.Integer(1), Pickle.Integers(2), Pickle.Integers(1));
        byte[] pairs = [.. Pickle.Op("]"), .. Pickle.Tuple(Pickle.OldText("p"), part), (byte)'a'];
        byte[] root = Pickle.Join(Pickle.Global("collections", "OrderedDict"), Pickle.Tuple(pairs), Pickle.Op("R("), Pickle.OldText("w"),
            Pickle.Tensor("a", 3, 0, [3], [1]), Pickle.Op("u"));
        double[] doubles = [1, 2, 3, 4, 5, 6];
        File.WriteAllBytes(Target, Pickle.Legacy(root, ("a", 3, Bytes<float>([7, 8, 9])), ("b", 6, Bytes(doubles))));
        using PyTorchFile file = PyTorchFile.Open(Target);
        Assert.Equal(["p", "w"], file.Keys);
        Assert.Equal([7f, 8, 9], file["w"].ToArray<float>());
        Assert.Equal([4.0, 5], file["p"].ToArray<double>());
    }

    [Fact]
    public void Open_NestedStateAndOtherEntries_AreJoinedByDotsOrPassedOver()
    {
        byte[] callback = [.. Pickle.Global("my.callbacks", "Best"), .. Pickle.Op(")\u0081}("), .. Pickle.Text("f"),
            .. Pickle.Global("my.callbacks", "score"), .. Pickle.Op("ub")];
        byte[] root = Pickle.Dictionary(
            ("callbacks", Pickle.Join(Pickle.Op("]"), callback, Pickle.Op("a"))),
            ("counts", Pickle.Join(Pickle.Call("collections", "defaultdict", Pickle.Global("__builtin__", "int")), Pickle.Text("a"),
                Pickle.Integer(1), Pickle.Op("s"))),
            ("state_dict", Pickle.Dictionary(
                ("a", Pickle.Dictionary(("b", Pickle.Join(Pickle.Op("}"), Pickle.Integer(3), Pickle.SmallTensor, Pickle.Op("s"))))),
                ("version", Pickle.Integer(1)))));
        Save(Zip.Of(Pickle.Whole(root), ("0", Bytes(Six))));
        using (PyTorchFile file = PyTorchFile.Open(Target))
            Assert.Equal(["a.b.3"], file.Keys);
        Assert.Contains("no entry 'model'", Refuse(() => PyTorchFile.Open(Target, "model")), StringComparison.Ordinal);
        Assert.Contains("'callbacks' is not a dictionary", Refuse(() => PyTorchFile.Open(Target, "callbacks")), StringComparison.Ordinal);
    }

    [Fact]
    public void Open_TrainingRunWithoutStateDict_LeavesOutWhatHoldsOtherThings()
    {
        byte[] group = Pickle.Dictionary(
            ("lr", Pickle.Integer(1)), ("params", Pickle.Join(Pickle.Op("]"), Pickle.Integer(0), Pickle.Op("a"))));
        byte[] optimizer = Pickle.Dictionary(
            ("state", Pickle.Dictionary(("exp_avg", Pickle.SmallTensor))),
            ("param_groups", Pickle.Join(Pickle.Op("]"), group, Pickle.Op("a"))));
        byte[] root = Pickle.Dictionary(
            ("optimizer", optimizer),
            ("args", Pickle.Call("argparse", "Namespace")),
            ("epoch", Pickle.Integer(3)),
            ("rng", Pickle.SmallTensorList),
            ("model", Pickle.Dictionary(("encoder", Pickle.Dictionary(("w", Pickle.SmallTensor))))));
        Save(Zip.Of(Pickle.Whole(root), ("0", Bytes(Six))));
        using PyTorchFile file = PyTorchFile.Open(Target);
        Assert.Equal(["model.encoder.w"], file.Keys);
        Assert.False(file.ContainsKey("optimizer.state.exp_avg"));
        Assert.Equal(3L, file.Scalars["epoch"]);
    }

    [Fact]
    public void Open_TensorOfATypeThatIsNotKnown_IsNamed()
    {
        byte[] tensor = Pickle.Call("torch._utils", "_rebuild_tensor_v3", Pickle.Storage("0", 24, "UntypedStorage"), Pickle.Integer(0),
            Pickle.Integers(24), Pickle.Integers(1), [0x89], Pickle.Call("collections", "OrderedDict"),
            Pickle.Global("torch", "float8_e4m3fn"));
        Save(Zip.Of(Pickle.Whole(Pickle.Dictionary(("w", tensor))), ("0", Bytes(Six))));
        Assert.Contains("'w' is a tensor of torch.float8_e4m3fn, a type that is not read", Refuse(() => PyTorchFile.Open(Target)),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("argparse", "Namespace")]
    [InlineData("functools", "partial")]
    [InlineData("pathlib", "PosixPath")]
    [InlineData("omegaconf.dictconfig", "DictConfig")]
    [InlineData("numpy.core.multiarray", "_reconstruct")]
    [InlineData("copy_reg", "_reconstructor")]
    [InlineData("_codecs", "encode")]
    [InlineData("__builtin__", "set")]
    [InlineData("builtins", "bytearray")]
    [InlineData("torch", "device")]
    [InlineData("torch._utils", "_rebuild_qtensor")]
    [InlineData("lightning.fabric.utilities.data", "AttributeDict")]
    [InlineData("mine.code.types", "Thing")]
    public void Open_UnknownClassesBesideTheState_ArePassedOver(string module, string name)
    {
        byte[] made = [.. Pickle.Call(module, name, Pickle.Text("x")), .. Pickle.Op("}b")];
        Save(Zip.Of(Pickle.Whole(Pickle.Dictionary(("other", made), ("state_dict", Pickle.Dictionary(("w", Pickle.SmallTensor))))),
            ("0", Bytes(Six))));
        using PyTorchFile file = PyTorchFile.Open(Target);
        Assert.Equal(["w"], file.Keys);
    }

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
        PyTorchFile.Write(Target, tensors, new Dictionary<string, object> { ["text"] = "a ✓", ["number"] = -5_000_000_000L });
        using PyTorchFile file = PyTorchFile.Open(Target);
        Assert.Equal(tensors.Keys, file.Keys);
        Assert.All(tensors, t => AssertSame(t.Value, file[t.Key]));
        Assert.Equal(("a ✓", -5_000_000_000L), (file.Scalars["text"], file.Scalars["number"]));
        Assert.Equal([Path.GetFileName(Target)], Directory.GetFileSystemEntries(_folder).Select(Path.GetFileName));
        Assert.Throws<ArgumentException>(() => PyTorchFile.Write(Target, [.. tensors, .. tensors]));
    }

    [Fact]
    public void Write_Storages_LieAtMultiplesOf64Bytes()
    {
        using Tensor odd = Tensor.From([1f, 2, 3], 3), other = Tensor.From([4f], 1);
        PyTorchFile.Write(Target, new Dictionary<string, Tensor> { ["odd"] = odd, ["other"] = other });
        byte[] bytes = File.ReadAllBytes(Target);
        Assert.Equal(0, bytes.AsSpan().IndexOf(Bytes<float>([1, 2, 3])) % 64);
        Assert.Equal(0, bytes.AsSpan().IndexOf(Bytes<float>([4])) % 64);
    }

    [Fact]
    public void TensorFileOpen_AnyName_GoesByContent()
    {
        using Tensor tensor = Tensor.From(Six, 6);
        var tensors = new Dictionary<string, Tensor> { ["x"] = tensor };
        PyTorchFile.Write(Target, tensors);
        using (TensorFile file = TensorFile.Open(Target))
            AssertSame(tensor, Assert.IsType<PyTorchFile>(file)["x"]);
        SafetensorsFile.Write(Target, tensors);
        using (TensorFile file = TensorFile.Open(Target))
            AssertSame(tensor, Assert.IsType<SafetensorsFile>(file)["x"]);
        File.WriteAllBytes(Target, Pickle.Legacy(Pickle.Dictionary(("x", Pickle.Tensor("0", 6, 0, [6], [1]))), ("0", 6, Bytes(Six))));
        using (TensorFile file = TensorFile.Open(Target))
            AssertSame(tensor, Assert.IsType<PyTorchFile>(file)["x"]);
        File.WriteAllText(Target, "neither of them");
        Assert.Contains(Target, Assert.Throws<TensorFileException>(() => TensorFile.Open(Target)).Message, StringComparison.Ordinal);
        File.WriteAllText(Target, "");
        Assert.Throws<TensorFileException>(() => TensorFile.Open(Target));
    }

    // A pickle each in an otherwise good archive with storage '0' of six floats; the words say what is wrong.
    private static readonly Dictionary<string, (string Words, byte[] Value)> Pickles = MakePickles();

    public static TheoryData<string> HostilePickles => new(Pickles.Keys);

    private static Dictionary<string, (string Words, byte[] Value)> MakePickles()
    {
        byte[] six = Pickle.SmallTensor;
        var data = new Dictionary<string, (string Words, byte[] Value)>();
        foreach ((string module, string name) in new[]
        {
            ("os", "system"), ("posix", "system"), ("nt", "system"), ("sys", "exit"), ("subprocess", "Popen"), ("builtins", "eval"),
                ("__builtin__", "getattr"),
            ("__builtin__", "__import__"), ("builtins", "exec"), ("runpy", "_run_code"), ("importlib", "import_module"),
                ("shutil", "rmtree"), ("socket", "socket"),
            ("torch.hub", "load"), ("torch.jit._script", "f"), ("torch.storage", "_load_from_bytes"),
                ("numpy.testing._private.utils", "runstring"), ("pip", "main"),
            ("operator", "attrgetter"), ("my.os.path", "join"), ("mine", "__reduce__"), ("mine", "eval"),
                ("torch.utils.bottleneck.__main__", "run_cprofile"),
            ("torch.serialization", "os.system"), ("collections", "OrderedDict.fromkeys"), ("", "x"), ("a b", "c"), ("timeit", "timeit"),
                ("_io", "FileIO"),
        })
        {
            string words = name.Contains('.', StringComparison.Ordinal) || module is "" or "a b" ? "not the name of a class"
                : $"{module}.{name}";
            data.Add($"{module}.{name}",
                (words, Pickle.Dictionary(("state_dict", Pickle.Dictionary(("w", six))),
                ("callbacks", Pickle.Call(module, name, Pickle.Text("x"))))));
        }

        void Add(string what, string words, params byte[][] parts) => data.Add(what, (words, Pickle.Join(parts)));
        void AddTensor(string what, string words, long count, long offset, long[] size, long[] stride) =>
            data.Add(what, (words, Pickle.Dictionary(("w", Pickle.Tensor("0", count, offset, size, stride)))));

        Add("STACK_GLOBAL", "0x93", Pickle.Text("os"), Pickle.Text("system"), Pickle.Op("\u0093"));
        Add("INST", "0x69", Pickle.Op("(ios\nsystem\n"));
        Add("OBJ", "0x6f", Pickle.Op("("), Pickle.Global("a", "b"), Pickle.Op("o"));
        Add("EXT1", "0x82", Pickle.Op("\u0082\u0001"));
        Add("MEMOIZE", "0x94", Pickle.Op("}\u0094"));
        Add("FRAME", "0x95", Pickle.Op("\u0095"), new byte[8]);
        Add("LONG4", "0x8b", Pickle.Op("\u008B"), BitConverter.GetBytes(int.MaxValue));
        Add("POP", "0x30", Pickle.Op("N0"));
        Add("text instruction of protocol 0", "0x53", Pickle.Op("S'x'\n"));
        Add("second protocol", "0x80", Pickle.Op("\u0080\u0002}"));
        Add("huge text", "2000000000 bytes are needed", Pickle.Op("X"), BitConverter.GetBytes(2_000_000_000));
        Add("text longer than any", "a string claims 4294967295 bytes", Pickle.Op("X"), BitConverter.GetBytes(uint.MaxValue));
        Add("old text of negative length", "a string claims", Pickle.Op("T"), BitConverter.GetBytes(-1));
        Add("giant LONG1", "255 bytes are needed", Pickle.Op("\u008A\u00FF\u0001"));
        Add("text not UTF-8", "not UTF-8", Pickle.Op("X\u0002\0\0\0\u00C3\u0028"));
        Add("endless name", "does not end within", Pickle.Op("c" + new string('a', 5000)));
        Add("deep marks", "nests deeper", Pickle.Repeat(300, Pickle.Op("(")));
        Add("high stack", "stacks more", Pickle.Repeat(70_000, Pickle.Op("N")));
        Add("memo bomb", "more than the allowed", Pickle.Op("]q\0"), Pickle.Repeat(3_000_000, Pickle.Op("h\0a")),
            Pickle.Repeat(1_300_000, Pickle.Op("h\0a")));
        // A list of 60,000 pairs, copied again and again: terabytes out of a file of this size.
        Add("list bomb", "more than the allowed",
            Pickle.Op("NN\u0086q\0]("), Pickle.Repeat(60_000, Pickle.Op("h\0")), Pickle.Op("e\u0085q\u0001"),
            Pickle.Global("collections", "OrderedDict"), Pickle.Op("q\u0002("), Pickle.Repeat(100, Pickle.Op("h\u0002h\u0001R")),
                Pickle.Op("t"));
        Add("recall of nothing", "never remembered", Pickle.Op("h\u0005"));
        Add("append to a dictionary", "not a list", Pickle.Op("}Na"));
        Add("append to a tuple", "not a list", Pickle.Op(")Na"));
        Add("append to a tensor", "not a list", six, Pickle.Op("Na"));
        Add("items of a list", "not a dictionary", Pickle.Op("]NNs"));
        Add("items of a tensor", "not a dictionary", six, Pickle.Op("NNs"));
        Add("items of nothing", "finds no value", Pickle.Op("s"));
        Add("key without value", "without a value", Pickle.Op("}(Nu"));
        Add("mark without end", "not one", Pickle.Op("}("));
        Add("tuple without mark", "no mark", Pickle.Op("t"));
        Add("pop below a mark", "finds no value", Pickle.Op("}(\u0085"));
        Add("two values", "2 values", Pickle.Op("}}"));
        Add("no value", "0 values");
        Add("call of a text", "not a function", Pickle.Text("os.system"), Pickle.Op(")R"));
        Add("call of a tensor", "not a function", six, Pickle.Op(")R"));
        Add("call with a list", "not a tuple", Pickle.Global("a", "b"), Pickle.Op("]R"));
        Add("object of a number", "not a class", Pickle.Integer(1), Pickle.Op(")\u0081"));
        Add("attributes of a tensor", "has none", six, Pickle.Op("}b"));
        Add("attributes of a global", "has none", Pickle.Global("a", "b"), Pickle.Op("}b"));
        Add("persistent number", "not a storage", Pickle.Integer(1), Pickle.Op("Q"));
        Add("persistent without type", "not a storage",
            Pickle.Tuple(Pickle.Text("storage"), Pickle.Text("FloatStorage"), Pickle.Text("0"), Pickle.Text("cpu"), Pickle.Integer(6)),
            Pickle.Op("Q"));
        Add("storage of no elements' name", "impossible name", Pickle.Storage("", 6));
        Add("storage of negative size", "impossible name or size", Pickle.Storage("0", -6));
        Add("storage beyond 64 bits", "impossible name or size", Pickle.Storage("0", long.MaxValue, "DoubleStorage"));
        Add("storage in two types", "two ways", Pickle.Dictionary(("a", six), ("b", Pickle.Tensor("0", 6, 0, [6], [1], "IntStorage"))));
        Add("storage part outside", "refers to elements 4",
            Pickle.Storage("0", 6, "FloatStorage", Pickle.Tuple(Pickle.Text("v"), Pickle.Integer(4), Pickle.Integer(3))));
        Add("missing storage", "storage 'none' is missing", Pickle.Dictionary(("w", Pickle.Tensor("none", 6, 0, [6], [1]))));
        Add("storage that climbs out", "is missing", Pickle.Dictionary(("w", Pickle.Tensor("../data.pkl", 6, 0, [6], [1]))));
        AddTensor("storage smaller than claimed", "has 24 bytes, its storage needs 28", 7, 0, [7], [1]);
        AddTensor("storage larger than claimed", "has 24 bytes, its storage needs 20", 5, 0, [5], [1]);
        AddTensor("size outside", "is out of bounds", 6, 0, [7], [1]);
        AddTensor("offset outside", "is out of bounds", 6, 4, [3], [1]);
        AddTensor("stride outside", "is out of bounds", 6, 0, [2, 3], [4, 1]);
        AddTensor("offset of an empty one outside", "is out of bounds", 6, 7, [0], [1]);
        AddTensor("negative size", "is invalid", 6, 0, [-1], [1]);
        AddTensor("negative stride", "is invalid", 6, 5, [6], [-1]);
        AddTensor("negative offset", "is invalid", 6, -1, [6], [1]);
        AddTensor("fewer strides than sizes", "is invalid", 6, 0, [2, 3], [3]);
        AddTensor("2^40 elements", "is out of bounds", 6, 0, [1L << 40], [1]);
        AddTensor("2^40 repeated elements", "claims more elements", 6, 0, [1L << 40], [0]);
        AddTensor("2^40 elements in parts", "claims more elements", 6, 0, [1L << 20, 1L << 20], [0, 0]);
        AddTensor("product beyond 64 bits", "impossibly large", 6, 0, [1L << 40, 1L << 40], [0, 0]);
        AddTensor("product beyond 64 bits beside a zero", "impossibly large", 6, 0, [0, 1L << 40, 1L << 40], [0, 0, 0]);
        AddTensor("stride beyond 64 bits", "impossibly large", 6, 0, [3], [long.MaxValue]);
        AddTensor("offset beyond 64 bits", "impossibly large", 6, long.MaxValue, [6], [1]);
        Add("65 dimensions", "not a storage, offset",
            Pickle.Dictionary(("w", Pickle.Tensor("0", 6, 0, [.. Enumerable.Repeat(1L, 65)], [.. Enumerable.Repeat(1L, 65)]))));
        Add("tensor of texts", "not a storage, offset",
            Pickle.Call("torch._utils", "_rebuild_tensor", Pickle.Storage("0", 6), Pickle.Text("0"), Pickle.Integers(6),
            Pickle.Integers(1)));
        Add("tensor of too few", "do not fit", Pickle.Call("torch._utils", "_rebuild_tensor_v2", Pickle.Storage("0", 6)));
        Add("parameter of a text", "do not fit",
            Pickle.Call("torch._utils", "_rebuild_parameter", Pickle.Text("x"), [0x89], Pickle.Op("}")));
        Add("dictionary of a text", "not a list of pairs", Pickle.Call("collections", "OrderedDict", Pickle.Text("x")));
        Add("opaque in the state", "'a.w' is an object of mine.Weird",
            Pickle.Dictionary(("state_dict", Pickle.Dictionary(("a", Pickle.Dictionary(("w", Pickle.Call("mine", "Weird"))))))));
        Add("opaque at the root", "'extra' is an object of mine.Weird",
            Pickle.Dictionary(("w", six), ("extra", Pickle.Call("mine", "Weird"))));
        Add("class in the state", "'w' is the class or function mine.Weird",
            Pickle.Dictionary(("state_dict", Pickle.Dictionary(("w", Pickle.Global("mine", "Weird"))))));
        Add("list in the state", "'w' is a list",
            Pickle.Dictionary(("state_dict", Pickle.Dictionary(("w", Pickle.Join(Pickle.Op("]"), six, Pickle.Op("a")))))));
        Add("complex numbers", "tensor of torch.ComplexFloatStorage",
            Pickle.Dictionary(("w", Pickle.Tensor("0", 3, 0, [3], [1], "ComplexFloatStorage"))));
        Add("name twice", "'w' occurs twice", Pickle.Dictionary(("w", six), ("w", six)));
        Add("name twice by dots", "'a.w' occurs twice", Pickle.Dictionary(("a.w", six), ("a", Pickle.Dictionary(("w", six)))));
        Add("state twice", "'state_dict' occurs twice", Pickle.Dictionary(("state_dict", Pickle.Op("}")), ("state_dict", Pickle.Op("}"))));
        Add("tuple as a name", "neither text nor number", Pickle.Op("})"), six, Pickle.Op("s"));
        Add("dictionary in itself", "occurs twice", Pickle.Op("}q\0"), Pickle.Text("a"), Pickle.Op("h\0s"));
        Add("list in itself", "'a' is a list", Pickle.Op("}"), Pickle.Text("a"), Pickle.Op("]q\0h\0as"));
        Add("dictionaries that double", "occurs twice", Doubling(30));
        Add("deep dictionaries", "nested deeper", Nested(40));
        Add("long names", "characters, more than", Pickle.Dictionary((new string('n', 2000), six)));
        Add("not a dictionary", "no dictionary of tensors", six);
        return data;
    }

    [Theory]
    [MemberData(nameof(HostilePickles))]
    public void Open_HostilePickle_IsRefusedInOneLine(string what)
    {
        (string words, byte[] value) = Pickles[what];
        Save(Zip.Of(Pickle.Whole(value), ("0", Bytes(Six))));
        string message = Refuse(() => PyTorchFile.Open(Target));
        Assert.True(message.Contains(words, StringComparison.Ordinal), $"{what}: {message}");
    }

    public static TheoryData<string> BrokenArchives => new(HostileArchives.Select(a => a.What));

    private static readonly (string What, string Words, Action<Zip> Break)[] HostileArchives =
    [
        ("compressed", "is compressed", z => z.Entries[1] = z.Entries[1] with { Method = 8 }),
        ("compressed before the data", "described differently", z => z.Entries[1] = z.Entries[1] with { LocalMethod = 8 }),
        ("encrypted", "encrypted", z => z.Entries[1] = z.Entries[1] with { Flags = 1 }),
        ("encrypted before the data", "described differently", z => z.Entries[1] = z.Entries[1] with { LocalFlags = 1 }),
        ("masked headers", "0x2000", z => z.Entries[1] = z.Entries[1] with { Flags = 0x2000 }),
        ("other name before the data", "described differently", z => z.Entries[0] = z.Entries[0] with { LocalName = "archive/dataX.pkl" }),
        ("other size before the data", "described differently", z => z.Entries[1] = z.Entries[1] with { LocalSize = 20 }),
        ("other checksum before the data", "described differently", z => z.Entries[1] = z.Entries[1] with { LocalCrc = 5 }),
        ("wrong checksum of the pickle", "checksum", z => z.Entries[0] = z.Entries[0] with { Crc = 5, LocalCrc = 5 }),
        ("name twice", "occurs twice", z => z.Entries.Add(z.Entries[0])),
        ("climbing name", "not a plain path", z => z.Entries.Add(new Zip.Entry("archive/../x", [1]))),
        ("absolute name", "not a plain path", z => z.Entries.Add(new Zip.Entry("/etc/x", [1]))),
        ("backslash", "not a plain path", z => z.Entries.Add(new Zip.Entry("archive\\x", [1]))),
        ("line break in a name", "not a plain path", z => z.Entries.Add(new Zip.Entry("archive/a\nb", [1]))),
        ("folder entry", "not a plain path", z => z.Entries.Add(new Zip.Entry("archive/x/", []))),
        ("name beyond ASCII without its flag", "not a plain path", z => z.Entries.Add(new Zip.Entry("archive/ü", [1]))),
        ("two folders", "single folder", z => z.Entries.Add(new Zip.Entry("other/x", [1]))),
        ("overlap", "described differently", z =>
            z.Entries[0] = z.Entries[0] with { Size = z.Entries[0].RealSize - 1, LocalSize = z.Entries[0].RealSize }),
        ("entry inside another", "overlaps", z => z.Entries[0] = z.Entries[0] with { Size = 4000, LocalSize = 4000 }),
        ("two headers at one place", "overlaps", z => z.Entries[1] = z.Entries[1] with { Shift = -1 }),
        ("bytes between entries", "unexpected bytes", z => z.Entries[1] = z.Entries[1] with { Descriptor = [1, 2, 3] }),
        ("descriptor that is not announced", "unexpected bytes", z => z.Entries[1] = z.Entries[1] with { Descriptor = new byte[16] }),
        ("descriptor that disagrees", "after its data", z => z.Entries[1] = z.Entries[1] with { Flags = 8, Descriptor = new byte[16] }),
        ("descriptor missing", "unexpected bytes", z => z.Entries[1] = z.Entries[1] with { Flags = 8 }),
        ("moved header", "gap", z => z.Entries[0] = z.Entries[0] with { Shift = 4 }),
        ("sizes that differ", "is stored in", z => z.Entries[1] = z.Entries[1] with { StoredSize = 23 }),
        ("zip64 without its field", "lacks a zip64 field", z => z.Entries[1] = z.Entries[1] with { Size = uint.MaxValue }),
        ("zip64 of impossible size", "impossible size", z =>
            z.Entries[1] = z.Entries[1] with { Size = uint.MaxValue, CentralExtra = Wide(ulong.MaxValue, ulong.MaxValue) }),
        ("zip64 bomb", "overlaps", z =>
            z.Entries[1] = z.Entries[1] with { Size = uint.MaxValue, CentralExtra = Wide(1UL << 40, 1UL << 40) }),
        ("zip64 field for nothing", "unneeded zip64 field", z => z.Entries[1] = z.Entries[1] with { CentralExtra = Wide(24) }),
        ("other extra field", "0x7075", z => z.Entries[1] = z.Entries[1] with { CentralExtra = [0x75, 0x70, 0, 0] }),
        ("broken extra field", "broken extra", z => z.Entries[1] = z.Entries[1] with { CentralExtra = [1, 0, 9, 0] }),
        ("TorchScript", "TorchScript", z => z.Entries.Add(new Zip.Entry("archive/constants.pkl", [1]))),
        ("code", "TorchScript", z => z.Entries.Add(new Zip.Entry("archive/code/x.py", [1]))),
        ("big-endian", "byte order", z => z.Entries.Add(new Zip.Entry("archive/byteorder", "big"u8.ToArray()))),
        ("not a pickle", "no archive/data.pkl", z => z.Entries.RemoveAt(0)),
        ("nothing", "no entries", z => z.Entries.Clear()),
        ("bytes behind the end", "something follows", z => z.Trailer = [0]),
        ("more entries than there are", "truncated", z => z.ClaimedCount = 9),
        ("fewer entries than there are", "after its last entry", z => z.ClaimedCount = 2),
        ("several disks", "several files", z => z.Disk = 1),
        ("bytes behind the pickle", "follow the end", z => z.Entries[0] = new Zip.Entry("archive/data.pkl", [.. z.Entries[0].Data, 0])),
    ];

    [Theory]
    [MemberData(nameof(BrokenArchives))]
    public void Open_BrokenArchive_IsRefusedInOneLine(string what)
    {
        (_, string words, Action<Zip> breakIt) = HostileArchives.Single(a => a.What == what);
        Zip zip = Zip.Of(Pickle.Whole(Pickle.Dictionary(("w", Pickle.SmallTensor))), ("0", Bytes(Six)));
        Save(zip);
        PyTorchFile.Open(Target).Dispose();
        breakIt(zip);
        Save(zip);
        string message = Refuse(() => PyTorchFile.Open(Target));
        Assert.True(message.Contains(words, StringComparison.Ordinal), message);
    }

    [Fact]
    public void Tensor_DamagedStorage_IsRefusedWhenItIsRead()
    {
        byte[] state = Pickle.Dictionary(("bad", Pickle.SmallTensor), ("good", Pickle.Tensor("1", 6, 0, [6], [1])));
        byte[] bytes = Zip.Of(Pickle.Whole(state), ("0", Bytes(Six)), ("1", Bytes<float>([9, 8, 7, 6, 5, 4]))).ToBytes();
        bytes[bytes.AsSpan().IndexOf(Bytes(Six)) + 5] ^= 1;
        File.WriteAllBytes(Target, bytes);
        using PyTorchFile file = PyTorchFile.Open(Target);
        Assert.Equal(9, file["good"].ToArray<float>()[0]);
        string message = Assert.Throws<PyTorchFileException>(() => file["bad"]).Message;
        Assert.Contains(Target, message, StringComparison.Ordinal);
        Assert.Contains("archive/data/0", message, StringComparison.Ordinal);
        Assert.Contains("damaged", message, StringComparison.Ordinal);
    }

    public static TheoryData<string> BrokenLegacyFiles => new(LegacyFiles.Select(f => f.What));

    private static readonly (string What, string Words, Func<byte[]> Make)[] LegacyFiles =
    [
        ("another program's pickle", "a different program", () => Pickle.Whole(Pickle.Op("}"))),
        ("another protocol", "protocol 1001", () => Patched([0xE9, 0x03], [0xE8, 0x03])),
        ("big-endian", "byte order", () => Patched([0x88], [0x89])),
        ("truncated storage", "truncated in storage '0'", () => Legacy(6)[..^1]),
        ("bytes behind the end", "1 bytes follow", () => [.. Legacy(6), 0]),
        ("other count", "has 5 elements", () => Legacy(5)),
        ("negative count", "has -6 elements", () => Legacy(-6)),
        ("keys without storage", "does not name", () => Pickle.Legacy(Pickle.Op("}"), ("0", 6, Bytes(Six)))),
        ("storage without key", "does not name", () => Pickle.Legacy(Pickle.Dictionary(("w", Pickle.SmallTensor)))),
        ("key twice", "does not name", () => Pickle.Legacy(
            Pickle.Dictionary(("w", Pickle.SmallTensor), ("v", Pickle.Tensor("1", 6, 0, [6], [1]))), ("0", 6, Bytes(Six)),
                ("0", 6, Bytes(Six)))),
        ("claim of 2^40 elements", "truncated", () =>
            Pickle.Legacy(Pickle.Dictionary(("w", Pickle.Tensor("0", 1L << 40, 0, [1L << 40], [1]))), ("0", 1L << 40, Bytes(Six)))),
        ("os.system", "os.system", () => Pickle.Legacy(Pickle.Call("os", "system", Pickle.Text("ls")))),
        ("storage before the object", "where storages are not allowed", () => Pickle.Whole(Pickle.Storage("0", 6))),
        ("tar", "tar archives are not read", () => [.. "data.tar"u8, .. new byte[600]]),
        ("PYTORCH1", "not a PyTorch file", () => [.. "PYTORCH1"u8, .. new byte[600]]),
        ("nothing", "empty", () => []),
    ];

    [Theory]
    [MemberData(nameof(BrokenLegacyFiles))]
    public void Open_BrokenLegacyFile_IsRefusedInOneLine(string what)
    {
        (_, string words, Func<byte[]> make) = LegacyFiles.Single(f => f.What == what);
        File.WriteAllBytes(Target, make());
        string message = Refuse(() => PyTorchFile.Open(Target));
        Assert.True(message.Contains(words, StringComparison.Ordinal), message);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Open_CutAtEveryByte_IsRefused(bool legacy)
    {
        byte[] state = Pickle.Dictionary(("w", Pickle.SmallTensor));
        byte[] whole = legacy ? Legacy(6) : Zip.Of(Pickle.Whole(state), ("0", Bytes(Six))).ToBytes();
        for (int length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(Target, whole[..length]);
            Refuse(() => PyTorchFile.Open(Target));
        }

        File.WriteAllBytes(Target, whole);
        PyTorchFile.Open(Target).Dispose();
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    internal static byte[] Bytes<T>(T[] values) where T : unmanaged =>
        System.Runtime.InteropServices.MemoryMarshal.AsBytes<T>(values).ToArray();

    private static byte[] Legacy(long claimed) => Pickle.Legacy(Pickle.Dictionary(("w", Pickle.SmallTensor)), ("0", claimed, Bytes(Six)));

    private static byte[] Patched(byte[] from, byte[] to)
    {
        byte[] bytes = Legacy(6);
        to.CopyTo(bytes.AsSpan(bytes.AsSpan().IndexOf(from)));
        return bytes;
    }

    private static byte[] Wide(params ulong[] values) => [1, 0, (byte)(values.Length * 8), 0, .. values.SelectMany(BitConverter.GetBytes)];

    // {0: {}, 1: {a: 0th, b: 0th}, 2: {a: 1st, b: 1st}, …}: 2^n paths lead to the innermost.
    private static byte[] Doubling(int levels)
    {
        byte[] made = [.. Pickle.Op("}"), .. Pickle.Text("0"), .. Pickle.Op("}q\0s")];
        for (byte level = 1; level <= levels; level++)
        {
            byte[] before = [(byte)'h', (byte)(level - 1)];
            made = [.. made, .. Pickle.Text($"{level}"), .. Pickle.Op("}"), (byte)'q', level, .. Pickle.Text("a"), .. before,
                .. Pickle.Op("s"), .. Pickle.Text("b"), .. before, .. Pickle.Op("ss")];
        }

        return made;
    }

    private static byte[] Nested(int levels) =>
        [.. Pickle.Repeat(levels, Pickle.Op("}"), Pickle.Text("a")), .. Pickle.Op("}"), .. Pickle.Repeat(levels, Pickle.Op("s"))];

    private static string Refuse(Func<PyTorchFile> open)
    {
        string message = Assert.Throws<PyTorchFileException>(() => open().Dispose()).Message;
        Assert.DoesNotContain('\n', message);
        Assert.Contains("x.pth", message, StringComparison.Ordinal);
        return message;
    }

    private static void AssertSame(Tensor expected, Tensor actual)
    {
        Assert.Equal((expected.ScalarType, string.Join(",", expected.Shape.ToArray())),
            (actual.ScalarType, string.Join(",", actual.Shape.ToArray())));
        byte[] a = new byte[expected.ElementCount * expected.ScalarType.ByteSize()], b = new byte[a.Length];
        expected.CopyBytesTo(a);
        actual.CopyBytesTo(b);
        Assert.Equal(a, b);
    }

    private void Save(Zip zip) => File.WriteAllBytes(Target, zip.ToBytes());
}
