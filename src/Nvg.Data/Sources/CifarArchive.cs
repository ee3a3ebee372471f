using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Nvg.Imaging;

namespace Nvg.Data.Sources;

/// <summary>
/// The archives of CIFAR-10 and CIFAR-100 as distributed: batches of raw pixels with one label per image, in the binary or Python version.
/// The parts are kept until the archive ends, because the class names may come last. Images become <c>train/class/….png</c> and
/// <c>test/class/….png</c>, so that <c>--subset train</c> selects a split.
/// </summary>
internal sealed partial class CifarArchive
{
    private const int Side = 32, Plane = Side * Side, ImageLength = 3 * Plane;

    private const StringSplitOptions OfLines = StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries;

    private readonly List<(string Name, byte[] Content)> _batches = [];
    private readonly Dictionary<string, string[]> _names = [];

    /// <summary>Whether a member of an archive is a part of CIFAR.</summary>
    internal static bool IsPart(string path) =>
        Batch().IsMatch(path) || Names().IsMatch(path) || PythonBatch().IsMatch(path) || PythonNames().IsMatch(path);

    /// <summary>Whether there are parts.</summary>
    internal bool HasParts => _batches.Count > 0;

    /// <summary>Adds a part.</summary>
    internal void Add(string path, byte[] content)
    {
        if (Names().Match(path) is { Success: true } names)
            _names[FamilyOf(path)] = Encoding.UTF8.GetString(content).Split('\n', OfLines);
        else if (PythonNames().IsMatch(path))
            _names[FamilyOf(path)] = CifarPickle.Names(path, content, IsHundred(path));
        else
            _batches.Add((path, content));
    }

    /// <summary>The images of all parts.</summary>
    internal IEnumerable<ImageEntry> Take()
    {
        foreach ((string path, byte[] content) in _batches.OrderBy(batch => batch.Name, StringComparer.Ordinal))
        {
            string[] names = _names.GetValueOrDefault(FamilyOf(path), []);
            bool isBinary = path.EndsWith(".bin", StringComparison.Ordinal);
            string batch = isBinary ? Path.GetFileNameWithoutExtension(path) : Path.GetFileName(path);
            string split = batch.StartsWith("test", StringComparison.Ordinal) ? "test" : "train";
            foreach ((int i, (int label, ReadOnlyMemory<byte> planes)) in Records(path, content).Index())
            {
                string name = label < names.Length ? names[label] : label.ToString(CultureInfo.InvariantCulture);
                string file = $"{split}/{name}/{batch}-{i.ToString("D5", CultureInfo.InvariantCulture)}.png";
                yield return new ImageEntry(file, ImageSource.ClassOf(file), () => Encode(planes.Span));
            }
        }
    }

    private static bool IsHundred(string path) => path.Contains("cifar-100", StringComparison.Ordinal);

    private static string FamilyOf(string path) =>
        $"{(IsHundred(path) ? 100 : 10)} {PythonBatch().IsMatch(path) || PythonNames().IsMatch(path)}";

    private static IEnumerable<(int Label, ReadOnlyMemory<byte> Planes)> Records(string path, byte[] content)
    {
        if (PythonBatch().IsMatch(path))
        {
            (byte[] labels, ReadOnlyMemory<byte> pixels) = CifarPickle.Batch(path, content, ImageLength, IsHundred(path));
            return labels.Select((label, i) => ((int)label, pixels.Slice(i * ImageLength, ImageLength)));
        }

        // CIFAR-100 has a coarse label before the fine one.
        int labelLength = IsHundred(path) ? 2 : 1, record = labelLength + ImageLength;
        if (content.Length == 0 || content.Length % record != 0)
            throw NvgDataException.At(path, $"has {content.Length} bytes, not a multiple of {record}", "download the archive again");
        return Enumerable.Range(0, content.Length / record).Select(i =>
            ((int)content[(i * record) + labelLength - 1],
            (ReadOnlyMemory<byte>)content.AsMemory((i * record) + labelLength, ImageLength)));
    }

    // Converts planes of red, green and blue to pixels.
    private static byte[] Encode(ReadOnlySpan<byte> planes)
    {
        var image = new RgbImage(Side, Side);
        for (int i = 0; i < Plane; i++)
        {
            for (int channel = 0; channel < 3; channel++)
                image.Pixels[(3 * i) + channel] = planes[(channel * Plane) + i];
        }

        return ImageFile.Encode(image, ImageFormat.Png);
    }

    [GeneratedRegex(@"(^|/)cifar-(10-batches-bin/(data_batch_\d|test_batch)|100-binary/(train|test))\.bin$")]
    private static partial Regex Batch();

    [GeneratedRegex(@"(^|/)cifar-(10-batches-bin/batches\.meta|100-binary/fine_label_names)\.txt$")]
    private static partial Regex Names();

    [GeneratedRegex(@"(^|/)cifar-(10-batches-py/(data_batch_\d|test_batch)|100-python/(train|test))$")]
    private static partial Regex PythonBatch();

    [GeneratedRegex(@"(^|/)cifar-(10-batches-py/batches\.meta|100-python/meta)$")]
    private static partial Regex PythonNames();
}
