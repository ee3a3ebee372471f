using System.Text;
using Nvg.Torch.Files;

namespace Nvg.Data.Tests;

public class ForeignNameTests
{
    [Fact]
    public void FromBytes_AnyBytes_AreRestoredAndStayDifferent()
    {
        var random = new Random(1);
        var seen = new Dictionary<string, byte[]>();
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = new byte[random.Next(6)];
            random.NextBytes(bytes);
            // Characters of escapes are frequent, so that names that look like escapes are among them.
            for (int k = 0; k < bytes.Length; k++)
                bytes[k] = random.Next(2) == 0 ? (byte)"\\x5c\n"[random.Next(5)] : bytes[k];
            string text = ForeignName.FromBytes(bytes);
            Assert.Equal(bytes, ForeignName.ToBytes(text));
            if (seen.TryGetValue(text, out byte[]? other))
                Assert.Equal(other, bytes);
            seen[text] = bytes;
            Assert.DoesNotContain(text, char.IsControl);
        }
    }

    [Theory]
    [InlineData("cat")]
    [InlineData("Ä ö é 狗 🐕")]
    [InlineData("a\\b")]
    public void FromBytes_UsualNames_StayAsTheyAre(string name) => Assert.Equal(name, ForeignName.FromBytes(Encoding.UTF8.GetBytes(name)));

    [Theory]
    [InlineData("a\nb", @"a\x0ab", @"a\nb")]
    [InlineData("a\rb\t", @"a\x0db\x09", @"a\rb\t")]
    [InlineData("\u001b[2Jx", @"\x1b[2Jx", @"\x1b[2Jx")]
    [InlineData("\u0085\u2028", @"\xc2\x85\xe2\x80\xa8", @"\x85\u2028")]
    [InlineData("a\u202Egnp", "a\u202Egnp", @"a\u202egnp")]
    public void FromTextAndDisplay_ControlCharacters_AreEscaped(string name, string stored, string shown)
    {
        Assert.Equal(stored, ForeignName.FromText(name));
        Assert.Equal(shown, ForeignName.Display(name));
    }

    [Fact]
    public void Exception_NamesInMessages_AreEscaped() =>
        Assert.Equal(@"c/two\nnvg: all is well.png: is empty", NvgDataException.At("c/two\nnvg: all is well.png", "is empty").Message);
}
