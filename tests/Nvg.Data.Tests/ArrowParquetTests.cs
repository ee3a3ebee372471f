using Nvg.Data.Datasets;
using Nvg.Data.Packing;
using Nvg.Data.Sources;
using Nvg.Imaging;
using ParquetSharp;
using ParquetSharp.Schema;

namespace Nvg.Data.Tests;

/// <summary>Parquet files of another library than the one that reads them: Apache Arrow's, which pyarrow and Hugging Face's use.</summary>
public sealed class ArrowParquetTests
{
    private static readonly string[] Classes = ["ship", "bird", "cat"];

    [Theory]
    [InlineData(Compression.Uncompressed, "label")]
    [InlineData(Compression.Snappy, "label")]
    [InlineData(Compression.Zstd, "labels")]
    [InlineData(Compression.Gzip, "fine_label")]
    public async Task RunAsync_ParquetOfArrow_GivesTheDataOfAFolder(Compression compression, string column)
    {
        using var folder = new TemporaryFolder();
        (int Class, string Name, byte[] Png)[] images = [.. Enumerable.Range(0, 12).Select(i =>
            (i / 4, $"{i:D2}.png", ImageFile.Encode(Images.Gradient(8, 8, i), ImageFormat.Png)))];
        foreach ((int number, string name, byte[] png) in images)
            folder.Write($"folder/{Classes[number]}/{name}", png);
        Write(folder["train-00000-of-00002.parquet"], images[..7], compression, column);
        Write(folder["train-00001-of-00002.parquet"], images[7..], compression, column);

        await PrepareAsync(folder, "folder", "a");
        DatasetDescription parquet = await PrepareAsync(folder, "train-{00000..00001}-of-00002.parquet", "b");
        // The folder is read in the order of the alphabet, the table in its own.
        Assert.Equal(Classes.Order(StringComparer.Ordinal), parquet.Classes.Select(c => c.Name).Order(StringComparer.Ordinal));
        Assert.Equal((12, 0), (parquet.Count, parquet.SkippedCount));
        Assert.Equal(Sorted(folder["a"]), Sorted(folder["b"]));
    }

    private static Task<DatasetDescription> PrepareAsync(TemporaryFolder folder, string source, string output) =>
        Preparation.RunAsync(ImageSource.Open(folder[source]), folder[output], new() { Size = 8, Threads = 1 });

    // Class and pixels of every image, in an order that the source does not decide.
    private static IEnumerable<string> Sorted(string folder)
    {
        using PackedDataset data = PackedDataset.Open(folder);
        return [.. Enumerable.Range(0, data.Count)
            .Select(i => data.Classes[data.Label(i)] + Convert.ToHexString(data.Image(i))).Order(StringComparer.Ordinal)];
    }

    // As datasets of Hugging Face are saved: a struct of bytes and path, and a ClassLabel with its names in the metadata.
    private static void Write(string path, (int Class, string Name, byte[] Png)[] images, Compression compression, string column)
    {
        using var bytes = new PrimitiveNode("bytes", Repetition.Optional, LogicalType.None(), PhysicalType.ByteArray);
        using var file = new PrimitiveNode("path", Repetition.Optional, LogicalType.String(), PhysicalType.ByteArray);
        using var image = new GroupNode("image", Repetition.Optional, [bytes, file]);
        using var label = new PrimitiveNode(column, Repetition.Optional, LogicalType.None(), PhysicalType.Int64);
        using var schema = new GroupNode("schema", Repetition.Required, [image, label]);
        using WriterProperties properties = new WriterPropertiesBuilder().Compression(compression).Build();
        string names = string.Join(", ", Classes.Select(name => $"\"{name}\""));
        var metadata = new Dictionary<string, string>
        {
            ["huggingface"] = "{\"info\": {\"features\": {\"image\": {\"_type\": \"Image\"}, \"" + column
                + "\": {\"names\": [" + names + "], \"_type\": \"ClassLabel\"}}}}",
        };
        using var writer = new ParquetFileWriter(path, schema, properties, metadata);
        foreach ((int Class, string Name, byte[] Png)[] part in images.Chunk(3))
        {
            using RowGroupWriter rows = writer.AppendRowGroup();
            Write(rows, Array.ConvertAll(part, i => (Nested<byte[]>?)new Nested<byte[]>(i.Png)));
            Write(rows, Array.ConvertAll(part, i => (Nested<string>?)new Nested<string>(i.Name)));
            Write(rows, Array.ConvertAll(part, i => (long?)i.Class));
        }

        writer.Close();
    }

    private static void Write<T>(RowGroupWriter rows, T[] values)
    {
        using LogicalColumnWriter<T> column = rows.NextColumn().LogicalWriter<T>();
        column.WriteBatch(values);
    }
}
