using CsCheck;
using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;

namespace Nvg.Tests.Properties;

public class SafetensorsProperties
{
    private static readonly ScalarType[] Types =
        [ScalarType.Float32, ScalarType.Float64, ScalarType.BFloat16, ScalarType.Int64, ScalarType.Int32, ScalarType.UInt8];

    private static readonly Gen<(long[] Shape, ScalarType Type, int[] Values)[]> Case =
        (from shape in Gen.Long[0, 4].Array[0, 4]
         from type in Gen.OneOf(Types)
             // Whole numbers that every type has exactly.
         from values in Gen.Int[0, 200].Array[(int)shape.Aggregate(1L, (product, side) => product * side)]
         select (shape, type, values)).Array[0, 5];

    [Fact]
    public void File_WrittenAndRead_HasTheSameTensorsAndTexts() =>
        Gen.Select(Case, Gen.Dictionary(Gen.String[1, 8], Gen.String[0, 20])[0, 4]).Sample((tensors, texts) =>
        {
            using var scope = new TensorScope();
            using var folder = new TemporaryFolder();
            Dictionary<string, Tensor> named = tensors.Index().ToDictionary(t => $"é.{t.Index}", t => Create(t.Item));
            SafetensorsFile.Write(folder["x.safetensors"], named, texts);
            using SafetensorsFile file = SafetensorsFile.Open(folder["x.safetensors"]);
            Assert.Equal(named.Keys.Order(StringComparer.Ordinal), file.Keys.Order(StringComparer.Ordinal));
            Assert.Equal(texts.OrderBy(t => t.Key, StringComparer.Ordinal), file.Metadata.OrderBy(t => t.Key, StringComparer.Ordinal));
            Assert.All(named, pair => AssertSame(pair.Value, file[pair.Key]));
        }, iter: 50, threads: 1);

    private static Tensor Create((long[] Shape, ScalarType Type, int[] Values) tensor) =>
        Tensor.From(Array.ConvertAll(tensor.Values, v => (double)v), tensor.Shape).To(tensor.Type);

    private static void AssertSame(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.ScalarType, actual.ScalarType);
        Assert.Equal(expected.Shape.ToArray(), actual.Shape.ToArray());
        Assert.Equal(expected.To(ScalarType.Float64).ToArray<double>(), actual.To(ScalarType.Float64).ToArray<double>());
    }
}
