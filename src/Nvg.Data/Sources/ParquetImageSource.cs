using System.Globalization;
using Nvg.Data.Files;
using Nvg.Torch.Files;
using Parquet;
using Parquet.Schema;

namespace Nvg.Data.Sources;

/// <summary>
/// The images of a Parquet table in the Hugging Face format: a struct column with <c>bytes</c> (or a plain binary column), and a label
/// column whose class names are in the metadata of the schema. Only these columns are read, one row group at a time.
/// </summary>
internal sealed class ParquetImageSource(string path, string? subset) : ImageSource(path, subset)
{
    private static readonly string[] ImageColumns = ["image", "img", "picture", "jpg", "png", "webp"];
    private static readonly string[] LabelColumns = ["label", "labels", "fine_label", "class_name", "class", "cls", "target"];

    /// <inheritdoc/>
    public override IEnumerable<ImageEntry> AllEntries()
    {
        using FileStream file = File.OpenRead(Path);
        ParquetReader reader = Wait(() => ParquetReader.CreateAsync(file, leaveStreamOpen: true));
        try
        {
            DataField[] fields = reader.Schema.GetDataFields();
            DataField images = ImageField(fields);
            DataField? labels = First(fields, LabelColumns);
            IReadOnlyList<string> names = labels is null ? [] : HuggingFaceSchema.ClassNames(reader.CustomMetadata, NameOf(labels));
            long row = 0;
            for (int group = 0; group < reader.RowGroupCount; group++)
            {
                foreach (ImageEntry entry in Rows(reader, group, images, labels, names, row))
                {
                    NoteRead(group, reader.RowGroupCount);
                    yield return entry;
                }

                row += reader.RowGroups[group].RowCount;
            }
        }
        finally
        {
            reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private List<ImageEntry> Rows(
        ParquetReader reader, int group, DataField images, DataField? labels, IReadOnlyList<string> names, long firstRow)
    {
        using ParquetRowGroupReader rows = reader.OpenRowGroupReader(group);
        int count = checked((int)rows.RowCount);
        byte[]?[] contents = new byte[count][];
        Wait(async () =>
        {
            await rows.ReadAsync(images, contents.AsMemory()!).ConfigureAwait(false);
            return 0;
        });
        string?[] classes = labels is null ? new string?[count] : Classes(rows, labels, names, count);
        var entries = new List<ImageEntry>(count);
        for (int i = 0; i < count; i++)
        {
            string name = (firstRow + i).ToString("D8", CultureInfo.InvariantCulture);
            if (NameInSubset(name) is not { } inside)
                continue;
            entries.Add(contents[i] is not { Length: > 0 } content ? new ImageEntry(inside, "has no bytes in the table")
                : labels is not null && classes[i] is null ? new ImageEntry(inside, "has no label")
                : ImageSourceEntries.Of(inside, FileKind.Of(content), content, classes[i]));
        }

        return entries;
    }

    private string?[] Classes(ParquetRowGroupReader rows, DataField labels, IReadOnlyList<string> names, int count)
    {
        if (labels.ClrType == typeof(ReadOnlyMemory<char>))
        {
            string?[] texts = new string?[count];
            Wait(async () =>
            {
                await rows.ReadAsync(labels, texts.AsMemory()!).ConfigureAwait(false);
                return 0;
            });
            return Array.ConvertAll(texts, text => text is null ? null : ForeignName.FromText(text));
        }

        long?[] numbers = Numbers(rows, labels, count);
        return Array.ConvertAll(numbers, number => number switch
        {
            // Hugging Face writes -1 for withheld labels.
            null or < 0 => null,
            { } label when label < names.Count => ForeignName.FromText(names[(int)label]),
            { } label when names.Count == 0 => label.ToString(CultureInfo.InvariantCulture),
            { } label => throw NvgDataException.At(Path, $"has the label {label}, but the schema names {names.Count} classes"),
        });
    }

    private long?[] Numbers(ParquetRowGroupReader rows, DataField labels, int count)
    {
        if (labels.ClrType == typeof(long))
            return Read<long>();
        if (labels.ClrType == typeof(int))
            return Array.ConvertAll(Read<int>(), number => (long?)number);
        throw NvgDataException.At(
            Path, $"the label column '{NameOf(labels)}' contains {labels.ClrType.Name}", "labels are whole numbers or names");

        T?[] Read<T>()
            where T : struct => Wait(async () =>
        {
            T?[] nullable = new T?[count];
            if (labels.IsNullable)
            {
                await rows.ReadAsync<T>(labels, nullable.AsMemory()).ConfigureAwait(false);
                return nullable;
            }

            T[] all = new T[count];
            await rows.ReadAsync<T>(labels, all.AsMemory()).ConfigureAwait(false);
            return Array.ConvertAll(all, value => (T?)value);
        });
    }

    private DataField ImageField(DataField[] fields)
    {
        DataField[] binary = [.. fields.Where(field => field.ClrType == typeof(ReadOnlyMemory<byte>))];
        return First(binary, ImageColumns.SelectMany(name => (string[])[name + ".bytes", name]))
            ?? Array.Find(binary, field => NameOf(field).EndsWith(".bytes", StringComparison.Ordinal))
            ?? throw NvgDataException.At(
                Path, "has no column of encoded images", $"its columns are {string.Join(", ", fields.Select(NameOf).Take(12))}");
    }

    private static DataField? First(DataField[] fields, IEnumerable<string> names) =>
        names.Select(name => Array.Find(fields, field => NameOf(field) == name)).FirstOrDefault(field => field is not null);

    private static string NameOf(DataField field) => string.Join('.', field.Path.ToList());

    // The library supports only asynchronous reading; on a local file, it never waits for anything else.
    private T Wait<T>(Func<Task<T>> read)
    {
        try
        {
            return read().GetAwaiter().GetResult();
        }
        catch (Exception error) when (error is not (NvgDataException or OutOfMemoryException))
        {
            // The library has no exception type of its own, so every exception thrown for a damaged file has the same meaning.
            throw NvgDataException.At(Path, "cannot be read as Parquet", $"{error.Message.TrimEnd('.')}; download it again", error);
        }
    }
}
