using Nvg.Imaging;
using Nvg.Labels;
using Nvg.Methods;
using Nvg.Previews;

namespace Nvg.Cli.Output;

/// <summary>One file per image at its own size, <c>folder/class/seed.png</c>, with its stages beside it if requested.</summary>
internal sealed class FolderOutput(string folder, IReadOnlyList<string> labels, bool withStages) : IImageOutput
{
    private const string Ending = ".png", StagesEnding = ".stages.png";

    private readonly string[] _names = ClassFolders.Of(labels);

    public IEnumerable<string> Files(ImageName image) =>
        withStages ? [PathOf(folder, _names, image, Ending), PathOf(folder, _names, image, StagesEnding)]
            : [PathOf(folder, _names, image, Ending)];

    public string Add(IGeneratedImage image)
    {
        string path = PathOf(folder, _names, ImageName.Of(image), Ending);
        ImageFile.Write(path, image.Image);
        if (withStages)
            ImageFile.Write(PathOf(folder, _names, ImageName.Of(image), StagesEnding), StageDrawing.Sheet([image.Stages]));
        return path;
    }

    public IReadOnlyList<string> Complete() => [];

    public void Dispose()
    {
    }

    /// <summary>The file of an image: <c>folder/class/seed</c>, the variant if there is one, and an extension.</summary>
    internal static string PathOf(string folder, IReadOnlyList<string> names, ImageName image, string ending) =>
        Path.Combine(folder, names[image.Class], $"{image.Seed}{(image.Variant is { } variant ? $".{variant}" : "")}{ending}");
}
