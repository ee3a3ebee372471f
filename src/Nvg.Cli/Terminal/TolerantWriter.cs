using System.Text;

namespace Nvg.Cli.Terminal;

/// <summary>
/// A text writer that drops output that cannot be written. Messages must not end a run whose terminal was closed or whose
/// log is on a full disk.
/// </summary>
internal sealed class TolerantWriter(TextWriter inner) : TextWriter
{
    /// <inheritdoc/>
    public override Encoding Encoding => inner.Encoding;

    /// <inheritdoc/>
    public override void Write(char value) => Try(() => inner.Write(value));

    /// <inheritdoc/>
    public override void Write(string? value) => Try(() => inner.Write(value));

    /// <inheritdoc/>
    public override void Write(char[] buffer, int index, int count) => Try(() => inner.Write(buffer, index, count));

    /// <inheritdoc/>
    public override void WriteLine(string? value) => Try(() => inner.WriteLine(value));

    /// <inheritdoc/>
    public override void Flush() => Try(inner.Flush);

    private static void Try(Action write)
    {
        try
        {
            write();
        }
        catch (Exception error) when (FileFailure.IsFileError(error) || error is ObjectDisposedException)
        {
            // There is nowhere to report the error.
        }
    }
}
