using System.Globalization;
using Nvg.Imaging;

namespace Nvg.Training.TensorBoard;

/// <summary>Scalars and images in TensorBoard's format: one <c>events.out.tfevents.*</c> file per start of a run.</summary>
/// <remarks>
/// Every record is flushed to the operating system, so a killed run loses at most the record being written, which readers skip.
/// </remarks>
public sealed class EventFile : IDisposable
{
    private const string Version = "brain.Event:2";

    private readonly FileStream _stream;

    /// <summary>Starts a file.</summary>
    /// <param name="folder">Log directory of TensorBoard; created if it does not exist.</param>
    /// <param name="startStep">
    /// Step that the run continues from; values of later steps in earlier files are discarded by TensorBoard.
    /// </param>
    /// <param name="when">Start time.</param>
    public EventFile(string folder, long startStep, DateTimeOffset when)
    {
        Directory.CreateDirectory(folder);
        string name = string.Create(
            CultureInfo.InvariantCulture,
            $"events.out.tfevents.{Seconds(when):0000000000.000}.{Environment.MachineName}.{Environment.ProcessId}");
        _stream = new FileStream(Path.Combine(folder, name), FileMode.Create, FileAccess.Write, FileShare.Read);
        Write(EventMessage.FileVersion(Seconds(when), Version));
        Write(EventMessage.Start(Seconds(when), startStep));
    }

    /// <summary>Adds scalar values.</summary>
    /// <param name="step">Step of the values.</param>
    /// <param name="values">Names and values. TensorBoard groups names by the part before a slash. Values may be infinite or NaN.</param>
    /// <param name="when">Time of the record.</param>
    public void AddScalars(long step, IEnumerable<KeyValuePair<string, double>> values, DateTimeOffset when) =>
        Write(EventMessage.Scalars(Seconds(when), step, values));

    /// <summary>Adds an image.</summary>
    /// <param name="step">Step of the values.</param>
    /// <param name="name">Name of the image.</param>
    /// <param name="image">The image; stored as PNG.</param>
    /// <param name="when">Time of the record.</param>
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
