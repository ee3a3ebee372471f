using Nvg.Imaging;
using Nvg.Previews;

namespace Nvg.Cli.Output;

/// <summary>A file for each image at its true size: <c>folder/class/seed.png</c>, and its stages beside it.</summary>
internal sealed class FolderOutput(string folder, IReadOnlyList<string> labels, bool withStages) : IImageOutput
{
    private const string Ending = ".png", StagesEnding = ".stages.png";

    private readonly string[] _names = FolderNames(labels);

    public IEnumerable<string> Files(ImageRequest image) =>
        withStages ? [PathOf(folder, _names, image, Ending), PathOf(folder, _names, image, StagesEnding)] : [PathOf(folder, _names, image, Ending)];

    public string Add(GeneratedImage image)
    {
        string path = PathOf(folder, _names, image.Request, Ending);
        ImageFile.Write(path, image.Image);
        if (withStages)
            ImageFile.Write(PathOf(folder, _names, image.Request, StagesEnding), StageDrawing.Sheet([image.Stages]));
        return path;
    }

    public IReadOnlyList<string> Complete() => [];

    public void Dispose()
    {
    }

    /// <summary>The file of an image: <c>folder/class/seed</c>, what tells it from others of its seed, and an ending.</summary>
    internal static string PathOf(string folder, IReadOnlyList<string> names, ImageRequest request, string ending) =>
        Path.Combine(folder, names[request.Class.Number ?? throw new InvalidOperationException("the class must be given by its number")], $"{request.Seed}{(request.Variant is { } variant ? $".{variant}" : "")}{ending}");

    // Names that every file system takes; classes of one name are told apart by their number.
    internal static string[] FolderNames(IReadOnlyList<string> labels)
    {
        string[] safe = [.. labels.Select(label => string.Concat(label.Select(c => char.IsLetterOrDigit(c) || " -_,.'()".Contains(c, StringComparison.Ordinal) ? c : '_')).Trim('.', ' '))];
        var counts = safe.CountBy(name => name, StringComparer.OrdinalIgnoreCase).ToDictionary(StringComparer.OrdinalIgnoreCase);
        return [.. safe.Select((name, i) => name.Length == 0 ? $"{i}" : counts[name] > 1 ? $"{name} ({i})" : name)];
    }
}
