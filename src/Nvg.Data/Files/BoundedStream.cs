namespace Nvg.Data.Files;

/// <summary>A forward-only range of a stream, beginning at its current position. Disposing it reports how much was not read.</summary>
/// <param name="inner">The stream; borrowed.</param>
/// <param name="length">Length of the range.</param>
/// <param name="unread">Receives the number of bytes that were not read.</param>
internal sealed class BoundedStream(Stream inner, long length, Action<long> unread) : ForwardStream
{
    private long _rest = length;

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        if (_rest == 0 || buffer.IsEmpty)
            return 0;
        int read = inner.Read(buffer[..(int)Math.Min(buffer.Length, _rest)]);
        if (read == 0)
            throw new EndOfStreamException("the archive ends within a file");
        _rest -= read;
        return read;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && _rest > 0)
            unread(_rest);
        _rest = 0;
        base.Dispose(disposing);
    }
}
