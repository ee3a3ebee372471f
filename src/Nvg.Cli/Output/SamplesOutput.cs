using Nvg.Imaging.Npz;
using Nvg.Methods;

namespace Nvg.Cli.Output;

/// <summary>All images in one .npz for common evaluation tools, written one by one.</summary>
internal sealed class SamplesOutput : IImageOutput
{
    private readonly string _path;
    private readonly NpzImageWriter _writer;

    internal SamplesOutput(string path, int count, int side)
    {
        _path = path;
        _writer = new NpzImageWriter(path, count, side, side);
    }

    public IEnumerable<string> Files(ImageName image) => [];

    public string? Add(IGeneratedImage image)
    {
        _writer.Append(image.Image);
        return null;
    }

    public IReadOnlyList<string> Complete()
    {
        _writer.Complete();
        return [_path];
    }

    public void Dispose() => _writer.Dispose();
}
