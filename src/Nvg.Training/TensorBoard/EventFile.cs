using System.Globalization;
using Nvg.Imaging;

namespace Nvg.Training.TensorBoard;

/// <summary>Curves and images as TensorBoard reads them: one <c>events.out.tfevents.*</c> file per start of a run.</summary>
/// <remarks>Every record is handed to the system at once, so a run that is killed loses at most the one being written, which readers pass over.</remarks>
public sealed class EventFile : IDisposable
{
    private const string Version = "brain.Event:2";

    private readonly FileStream _stream;

    /// <summary>Begins a file.</summary>
    /// <param name="folder">Where TensorBoard looks for it; made if it does not exist.</param>
    /// <param name="startStep">Step that the run continues from: what earlier files say of later steps no longer counts.</param>
    /// <param name="when">When it begins.</param>
    public EventFile(string folder, long startStep, DateTimeOffset when)
    {
        Directory.CreateDirectory(folder);
        string name = string.Create(CultureInfo.InvariantCulture, $"events.out.tfevents.{when.ToUnixTimeMilliseconds() / 1000.0:0000000000.000}.{Environment.MachineName}.{Environment.ProcessId}");
        _stream = new FileStream(Path.Combine(folder, name), FileMode.Create, FileAccess.Write, FileShare.Read);
        Write(EventMessage.FileVersion(Seconds(when), Version));
        Write(EventMessage.Start(Seconds(when), startStep));
    }

    /// <summary>Adds points of curves.</summary>
    /// <param name="step">Where on the horizontal axis.</param>
    /// <param name="values">Names, grouped by what stands before a slash, and values, which may be infinite or not-a-number.</param>
    /// <param name="when">When.</param>
    public void AddScalars(long step, IEnumerable<KeyValuePair<string, double>> values, DateTimeOffset when) =>
        Write(EventMessage.Scalars(Seconds(when), step, values));

    /// <summary>Adds an image.</summary>
    /// <param name="step">Where on the horizontal axis.</param>
    /// <param name="name">Its name.</param>
    /// <param name="image">Stored as PNG.</param>
    /// <param name="when">When.</param>
    public void AddImage(long step, string name, RgbImage image, DateTimeOffset when) =>
        Write(EventMessage.Image(Seconds(when), step, name, image.Width, image.Height, ImageFile.Encode(image, ImageFormat.Png)));

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private void Write(byte[] message)
    {
        _stream.Write(RecordFraming.Frame(message));
        _stream.Flush();
    }

    private static double Seconds(DateTimeOffset when) => when.ToUnixTimeMilliseconds() / 1000.0;
}
