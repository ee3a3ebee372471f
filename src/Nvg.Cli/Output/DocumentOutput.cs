using Nvg.Checkpoints;
using Nvg.Control;
using Nvg.Torch;

namespace Nvg.Cli.Output;

/// <summary>A document for each picture: <c>folder/class/seed.nvg</c>.</summary>
internal sealed class DocumentOutput(string folder, NvgModel model, ScalarType type) : IPictureOutput
{
    private readonly string[] _names = FolderOutput.FolderNames([.. model.Labels.Select(line => ClassLabel.Parse(line).Name)]);
    private readonly string _fingerprint = model.Fingerprint();
    private readonly List<string> _files = [];

    public IEnumerable<string> Files(RequestedPicture picture) => [FolderOutput.PathOf(folder, _names, picture, PictureDocument.Extension)];

    public string? Add(GeneratedPicture picture)
    {
        string path = FolderOutput.PathOf(folder, _names, picture.Request, PictureDocument.Extension);
        PictureDocument.Of(model, _fingerprint, picture, type).Write(path);
        _files.Add(path);
        return null;
    }

    public IReadOnlyList<string> Complete() => _files;

    public void Dispose()
    {
    }
}
