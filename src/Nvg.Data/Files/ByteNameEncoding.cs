using System.Text;
using Nvg.Torch.Files;

namespace Nvg.Data.Files;

/// <summary>
/// Decodes names in a zip archive that are not marked as UTF-8. Their encoding is unknown, so their bytes are kept in the form of
/// <see cref="ForeignName"/>. A marker distinguishes these names from names marked as UTF-8. Names that are valid UTF-8 are treated as
/// UTF-8.
/// </summary>
internal sealed class ByteNameEncoding : Encoding
{
    // A noncharacter, which does not occur in names.
    private const char Mark = '\uFFFF';

    /// <summary>The text of an entry's name, regardless of how it was decoded.</summary>
    internal static string TextOf(string fullName) => fullName is [Mark, .. var kept] ? kept : ForeignName.FromText(fullName);

    /// <inheritdoc/>
    public override int GetCharCount(byte[] bytes, int index, int count) => Decode(bytes.AsSpan(index, count)).Length;

    /// <inheritdoc/>
    public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex)
    {
        string text = Decode(bytes.AsSpan(byteIndex, byteCount));
        text.CopyTo(chars.AsSpan(charIndex));
        return text.Length;
    }

    /// <inheritdoc/>
    public override int GetByteCount(char[] chars, int index, int count) => UTF8.GetByteCount(chars, index, count);

    /// <inheritdoc/>
    public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) =>
        UTF8.GetBytes(chars, charIndex, charCount, bytes, byteIndex);

    /// <inheritdoc/>
    public override int GetMaxByteCount(int charCount) => UTF8.GetMaxByteCount(charCount);

    /// <inheritdoc/>
    public override int GetMaxCharCount(int byteCount) => (4 * byteCount) + 1;

    private static string Decode(ReadOnlySpan<byte> bytes) => Mark + ForeignName.FromBytes(bytes);
}
