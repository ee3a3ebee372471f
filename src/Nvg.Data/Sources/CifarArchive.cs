using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Nvg.Imaging;

namespace Nvg.Data.Sources;

/// <summary>
/// The archives of CIFAR-10 and CIFAR-100 as they are distributed: batches of raw pixels with a label each, in the binary form. The
/// parts are kept until the archive ends, because the names of the classes may come last. Images become <c>train/class/….png</c> and
/// <c>test/class/….png</c>, so that <c>--subset train</c> selects a split.
/// </summary>
internal sealed partial class CifarArchive
{
    private const int Side = 32, Plane = Side * Side, ImageLength = 3 * Plane;

    private const StringSplitOptions OfLines = StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries;

    private readonly List<(string Name, byte[] Content)> _batches = [];
    private readonly Dictionary<string, string[]> _names = [];

    /// <summary>Whether a member of an archive is a part of CIFAR in the binary form.</summary>
    internal static bool IsPart(string path) => Batch().IsMatch(path) || Names().IsMatch(path);

    /// <summary>Adds a part.</summary>
    internal void Add(string path, byte[] content)
    {
        if (Names().Match(path) is { Success: true } names)
            _names[names.Groups["kind"].Value] = Encoding.UTF8.GetString(content).Split('\n', OfLines);
        else
            _batches.Add((path, content));
    }

    /// <summary>The images of all parts.</summary>
    internal IEnumerable<ImageEntry> Take()
    {
        foreach ((string path, byte[] content) in _batches.OrderBy(batch => batch.Name, StringComparer.Ordinal))
        {
            // CIFAR-100 has a coarse label before the fine one.
            bool isHundred = path.Contains("cifar-100", StringComparison.Ordinal);
            int labels = isHundred ? 2 : 1, record = labels + ImageLength;
            string[] names = _names.GetValueOrDefault(isHundred ? "fine_label_names" : "batches.meta", []);
            if (content.Length == 0 || content.Length % record != 0)
                throw NvgDataException.At(path, $"has {content.Length} bytes, not a multiple of {record}", "download the archive again");
            string batch = Path.GetFileNameWithoutExtension(path);
            string split = batch.StartsWith("test", StringComparison.Ordinal) ? "test" : "train";
            for (int i = 0; i < content.Length / record; i++)
            {
                int label = content[(i * record) + labels - 1];
                string name = label < names.Length ? names[label] : label.ToString(CultureInfo.InvariantCulture);
                ReadOnlyMemory<byte> planes = content.AsMemory((i * record) + labels, ImageLength);
                string file = $"{split}/{name}/{batch}-{i.ToString("D5", CultureInfo.InvariantCulture)}.png";
                yield return new ImageEntry(file, ImageSource.ClassOf(file), () => Encode(planes.Span));
            }
        }
    }

    // Three planes of red, green and blue become pixels.
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

    [GeneratedRegex(@"(^|/)cifar-(10-batches-bin/(?<kind>batches\.meta)|100-binary/(?<kind>fine_label_names))\.txt$")]
    private static partial Regex Names();
}
