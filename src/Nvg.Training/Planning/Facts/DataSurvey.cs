using Nvg.Data.Datasets;
using Nvg.Data.Sources;
using Nvg.Imaging;
using Nvg.Torch.Files;

namespace Nvg.Training.Planning.Facts;

/// <summary>Surveys a collection of images without preparing it: classes, and sizes and contrast of a sample.</summary>
public sealed class DataSurvey
{
    // Number of images whose headers are read, and whose pixels are decoded; evenly spread over a source of unknown length.
    private const int MostHeaders = 1024, MostDecoded = 64;
    private const int DecodedSide = 32;

    private readonly Dictionary<string, int> _classes = new(StringComparer.Ordinal);
    private readonly SplitLayout _layout = new();
    private readonly List<(long Index, int Side, double? Contrast)> _sample = [];
    private long _stride = 1;
    private long _count;
    private int _unusable;
    private string? _firstUnusable;

    /// <summary>Surveys a source of images, or describes a prepared data set.</summary>
    /// <param name="path">A source accepted by <see cref="ImageSource.Open"/>, or a data set made by <c>nvg prepare</c>.</param>
    /// <param name="subset">Folder inside the source that the survey is limited to; null for everything.</param>
    /// <param name="progress">Receives the number of images seen, or null.</param>
    /// <param name="cancellation">Checked at every image.</param>
    /// <exception cref="NvgDataException">There are no images, or their folders are splits rather than classes.</exception>
    public static DataFacts Run(
        string path, string? subset = null, IProgress<long>? progress = null, CancellationToken cancellation = default)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
        if (ImageDataset.IsAt(path))
            return OfDataset(path, name, subset);
        var survey = new DataSurvey();
        foreach (ImageEntry entry in ImageSource.Open(path, subset).Entries())
        {
            cancellation.ThrowIfCancellationRequested();
            if (entry.NotAImage is { } reason)
                survey.AddUnusable($"{entry.Name}: {reason}");
            else
                survey.Add(entry);
            progress?.Report(survey._count);
        }

        if (survey._layout.Problem() is var (problem, remedy))
            throw NvgDataException.At(path, problem, remedy);
        return survey.Facts(path, name);
    }

    private static DataFacts OfDataset(string path, string name, string? subset)
    {
        using PackedDataset data = PackedDataset.Open(path);
        if (subset is not null)
            throw NvgDataException.At(path, "is prepared already, so it has no subsets", "give the source that it was made of");
        var contrasts = DataOrderSample(data).Select(i => Contrast(data.Image(i))).ToList();
        return new DataFacts
        {
            Source = name,
            Classes = data.Description.Classes,
            MedianSide = data.Size,
            SmallestSide = data.Size,
            PreparedSide = data.Size,
            Contrast = contrasts.Average(),
        };
    }

    private static IEnumerable<int> DataOrderSample(PackedDataset data) => EvenSample.Of(data.Count, MostDecoded);

    private void Add(ImageEntry entry)
    {
        _layout.Add(entry);
        long index = _count++;
        if (index % _stride != 0 || Measure(entry, index))
            _classes[entry.ClassName] = _classes.GetValueOrDefault(entry.ClassName) + 1;
        if (_sample.Count < MostHeaders)
            return;
        _stride *= 2;
        _sample.RemoveAll(one => one.Index % _stride != 0);
    }

    private void AddUnusable(string problem)
    {
        _unusable++;
        _firstUnusable ??= ForeignName.Display(problem);
    }

    // Returns whether the image can be read.
    private bool Measure(ImageEntry entry, long index)
    {
        try
        {
            byte[] encoded = entry.Read();
            ImageHeader header = ImageFile.DecodeHeader(encoded, entry.Name);
            bool isDecoded = index < MostDecoded || index % (_stride * (MostHeaders / MostDecoded)) == 0;
            double? contrast = isDecoded ? Contrast(ImageFile.Decode(encoded, entry.Name, DecodedSide).Pixels) : null;
            _sample.Add((index, Math.Min(header.Width, header.Height), contrast));
            return true;
        }
        catch (NvgDataException error)
        {
            AddUnusable(error.Message);
            return false;
        }
    }

    private static double Contrast(ReadOnlySpan<byte> pixels)
    {
        double sum = 0, squares = 0;
        foreach (byte value in pixels)
        {
            sum += value;
            squares += value * value;
        }

        double mean = sum / pixels.Length;
        return Math.Sqrt(Math.Max(0, squares / pixels.Length - mean * mean)) / 255;
    }

    private string Nothing => _unusable switch
    {
        0 => "contains no images",
        1 => $"contains no usable image; {_firstUnusable}",
        _ => $"none of {_unusable:N0} files is a usable image; the first, {_firstUnusable}",
    };

    private DataFacts Facts(string path, string name)
    {
        if (_sample.Count == 0)
            throw NvgDataException.At(path, Nothing);
        int[] sides = [.. _sample.Select(one => one.Side).Order()];
        return new DataFacts
        {
            Source = name,
            Classes = [.. _classes.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => new DatasetClass(c.Key, c.Value))],
            MedianSide = sides[sides.Length / 2],
            SmallestSide = sides[0],
            UnusableFiles = _unusable,
            FirstUnusableFile = _firstUnusable,
            Contrast = _sample.Select(one => one.Contrast).OfType<double>().DefaultIfEmpty(0.2).Average(),
        };
    }
}
