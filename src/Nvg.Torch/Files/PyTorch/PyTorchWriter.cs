namespace Nvg.Torch.Files.PyTorch;

/// <summary>Writes <c>{"state_dict": OrderedDict(name → tensor), …}</c>, one storage per tensor.</summary>
internal static class PyTorchWriter
{
    private const string Folder = "archive/";
    // The alignment that PyTorch uses, so that tensors can be used directly from mapped memory.
    private const int Alignment = 64;

    internal static void Write(
        string path, List<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, object>? scalars,
            Func<string, Tensor, ScalarType>? typeOf)
    {
        if (tensors.DistinctBy(t => t.Key).Count() != tensors.Count)
            throw new ArgumentException("tensor names must differ from each other", nameof(tensors));
        ScalarType[] types = [.. tensors.Select(t => typeOf?.Invoke(t.Key, t.Value) ?? t.Value.ScalarType)];
        byte[] pickle = Describe(tensors, types, scalars ?? new Dictionary<string, object>());
        AtomicFile.Write(path, stream =>
        {
            var zip = new ResumableZipWriter(stream, alignment: Alignment);
            zip.Add(Folder + "data.pkl", pickle);
            zip.Add(Folder + "byteorder", "little"u8);
            for (int i = 0; i < tensors.Count; i++)
            {
                using Tensor converted = tensors[i].Value.To(types[i]);
                zip.Begin($"{Folder}data/{i}", converted.ElementCount * types[i].ByteSize());
                converted.VisitBytes(zip.Write);
            }

            zip.Add(Folder + "version", "3\n"u8);
            zip.Finish();
        });
    }

    private static byte[] Describe(List<KeyValuePair<string, Tensor>> tensors, ScalarType[] types,
        IReadOnlyDictionary<string, object> scalars)
    {
        PickleWriter pickle = new PickleWriter().Dictionary().Mark().Text(PyTorchFile.StateEntry).OrderedDictionary().Mark();
        for (int i = 0; i < types.Length; i++)
        {
            long[] shape = tensors[i].Value.Shape.ToArray();
            pickle.Text(tensors[i].Key).Global("torch._utils", "_rebuild_tensor_v2").Mark()
                .Mark().Text("storage").Global("torch", StorageClass(types[i])).Text($"{i}").Text("cpu")
                    .Integer(tensors[i].Value.ElementCount).Tuple().Persistent()
                .Integer(0).Integers(shape).Integers(RowMajor(shape)).Boolean(false).OrderedDictionary().Tuple().Reduce();
        }

        pickle.SetItems();
        foreach ((string name, object value) in scalars)
        {
            pickle.Text(name);
            _ = value switch
            {
                string text => pickle.Text(text),
                long number => pickle.Integer(number),
                _ => throw new ArgumentException($"{name} is neither text nor whole number", nameof(scalars)),
            };
        }

        return pickle.SetItems().Finish();
    }

    private static string StorageClass(ScalarType type) => PickleGlobals.StorageClasses.First(c => c.Type == type).Name + "Storage";

    private static long[] RowMajor(long[] shape)
    {
        long[] strides = new long[shape.Length];
        long step = 1;
        for (int d = shape.Length - 1; d >= 0; d--)
        {
            strides[d] = step;
            step *= Math.Max(shape[d], 1);
        }

        return strides;
    }
}
