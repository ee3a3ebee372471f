namespace Nvg.Data.Files;

/// <summary>A stream whose first bytes can be inspected before they are read. Owns the underlying stream.</summary>
internal sealed class PeekedStream : ForwardStream
{
    private readonly Stream _inner;
    private readonly byte[] _head;
    private int _taken;

    /// <param name="inner">The stream.</param>
    internal PeekedStream(Stream inner)
    {
        _inner = inner;
        byte[] head = new byte[FileKind.HeadLength];
        _head = head[..inner.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)];
        Kind = FileKind.Of(_head);
    }

    /// <summary>Kind of the content.</summary>
    internal FileKind Kind { get; }

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        int count = Math.Min(buffer.Length, _head.Length - _taken);
        if (count == 0)
            return _inner.Read(buffer);
        _head.AsSpan(_taken, count).CopyTo(buffer);
        _taken += count;
        return count;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _inner.Dispose();
        base.Dispose(disposing);
    }
}
