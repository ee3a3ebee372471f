using System.Text;

namespace Nvg.Training.TensorBoard;

/// <summary>
/// TensorFlow's <c>Event</c> message in protocol buffers' encoding; the numbers are those of <c>event.proto</c> and
/// <c>summary.proto</c>.
/// </summary>
internal static class EventMessage
{
    private const int StatusStart = 1, ColourRgb = 3;

    internal static byte[] FileVersion(double seconds, string version) =>
        Message(e => Event(e, seconds, 0).Text(3, version));

    internal static byte[] Start(double seconds, long step) =>
        Message(e => Event(e, seconds, step).Nested(7, log => log.Integer(1, StatusStart)));

    internal static byte[] Scalars(double seconds, long step, IEnumerable<KeyValuePair<string, double>> values) =>
        Message(e => Event(e, seconds, step).Nested(5, summary =>
        {
            foreach ((string name, double value) in values)
                summary.Nested(1, v => v.Text(1, name).Single(2, (float)value));
        }));

    internal static byte[] Image(double seconds, long step, string name, int width, int height, byte[] encoded) =>
        Message(e => Event(e, seconds, step).Nested(5, summary => summary.Nested(1, v => v.Text(1, name)
            .Nested(4, image => image.Integer(1, height).Integer(2, width).Integer(3, ColourRgb).Bytes(4, encoded)))));

    // Zeros are left out, as everywhere in this encoding.
    private static Fields Event(Fields fields, double seconds, long step) =>
        step == 0 ? fields.Double(1, seconds) : fields.Double(1, seconds).Integer(2, step);

    private static byte[] Message(Action<Fields> write)
    {
        using var fields = new Fields();
        write(fields);
        return fields.ToArray();
    }

    /// <summary>Fields of one message, each a key (number and wire type) and a value.</summary>
    private sealed class Fields : IDisposable
    {
        private const int Varint = 0, Fixed64 = 1, LengthDelimited = 2, Fixed32 = 5;

        private readonly MemoryStream _bytes = new();

        internal Fields Integer(int number, long value) => Key(number, Varint).Number((ulong)value);

        internal Fields Double(int number, double value) => Key(number, Fixed64).Raw(BitConverter.GetBytes(value));

        internal Fields Single(int number, float value) => Key(number, Fixed32).Raw(BitConverter.GetBytes(value));

        internal Fields Text(int number, string value) => Bytes(number, Encoding.UTF8.GetBytes(value));

        internal Fields Bytes(int number, byte[] value) => Key(number, LengthDelimited).Number((ulong)value.Length).Raw(value);

        internal Fields Nested(int number, Action<Fields> write) => Bytes(number, Message(write));

        internal byte[] ToArray() => _bytes.ToArray();

        public void Dispose() => _bytes.Dispose();

        private Fields Key(int number, int wireType) => Number((ulong)(number << 3 | wireType));

        // Seven bits a byte, the lowest first; the highest bit says that more follow.
        private Fields Number(ulong value)
        {
            for (; value > 0x7F; value >>= 7)
                _bytes.WriteByte((byte)(value & 0x7F | 0x80));
            _bytes.WriteByte((byte)value);
            return this;
        }

        private Fields Raw(ReadOnlySpan<byte> bytes)
        {
            _bytes.Write(bytes);
            return this;
        }
    }
}
