using Nvg.Control;
using Nvg.Data;

namespace Nvg.Cli.Output;

/// <summary>All pictures in one .npz as the evaluation tools of the field read it, written as they come.</summary>
internal sealed class SamplesOutput : IPictureOutput
{
    private readonly string _path;
    private readonly NpzPictureWriter _writer;

    internal SamplesOutput(string path, int count, int side)
    {
        _path = path;
        _writer = new NpzPictureWriter(path, count, side, side);
    }

    public IEnumerable<string> Files(RequestedPicture picture) => [];

    public string? Add(GeneratedPicture picture)
    {
        _writer.Append(picture.Picture);
        return null;
    }

    public IReadOnlyList<string> Complete()
    {
        _writer.Complete();
        return [_path];
    }

    public void Dispose() => _writer.Dispose();
}
