using Nvg.Cli.Terminal;
using Nvg.Imaging;

namespace Nvg.Cli.Arguments;

/// <summary>The common framing of everything that is laid over an image: drawings, maps, photographs, references and masks.</summary>
internal static class Framing
{
    /// <summary>Prints which images are cropped to their central square.</summary>
    /// <param name="paths">Files; arrays, saved results and pipes are skipped.</param>
    internal static void Note(IEnumerable<string> paths)
    {
        foreach (string path in paths.Where(path => ImageFile.HasImageName(path) && InputFile.CanBeReadAgain(path)))
        {
            ImageHeader image = ImageFile.DecodeHeader(ImageFile.ReadBytes(path), path);
            int side = Math.Min(image.Width, image.Height);
            if (image.Width != image.Height)
                ConsoleText.Note($"note: {path} has {image.Width} × {image.Height} pixels; its central {side} × {side} are used");
        }
    }
}
