using Nvg.Documents;
using Nvg.Labels;
using Nvg.Methods;
using Nvg.Torch;

namespace Nvg.Cli.Output;

/// <summary>One document per image: <c>folder/class/seed.nvg</c>.</summary>
internal sealed class DocumentOutput(string folder, NvgModel model, ScalarType type) : IImageOutput
{
    private readonly string[] _names = ClassFolders.Of([.. model.Labels.Select(line => ClassLabel.Parse(line).Name)]);
    private readonly string _fingerprint = model.Fingerprint();
    private readonly List<string> _files = [];

    public IEnumerable<string> Files(ImageName image) => [FolderOutput.PathOf(folder, _names, image, ImageDocument.Extension)];

    public string? Add(IGeneratedImage image)
    {
        string path = FolderOutput.PathOf(folder, _names, ImageName.Of(image), ImageDocument.Extension);
        ImageDocument.Of(model, _fingerprint, (GeneratedImage)image, type).Write(path);
        _files.Add(path);
        return null;
    }

    public IReadOnlyList<string> Complete() => _files;

    public void Dispose()
    {
    }
}
