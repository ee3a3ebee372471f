using Nvg.Labels;

namespace Nvg.Tests.Labels;

public class ClassMatchTests
{
    [Theory]
    [InlineData("n01440764\ttench, Tinca tinca", "tench", true)]
    [InlineData("n01440764\ttench, Tinca tinca", "n01440764", true)]
    [InlineData("n01440764\ttench, Tinca tinca", "Tench, Tinca tinca", true)]
    [InlineData("n02012849\tcrane", "n03126707\tcrane", false)]
    [InlineData("cat", "dog", false)]
    public void Agree_LabelsOfOneClass_DoWhateverTheyLeaveOut(string first, string second, bool expected)
    {
        Assert.Equal(expected, ClassMatch.Agree([first, "ship"], [second, "ship"]));
        Assert.Equal(expected, ClassMatch.Agree([second], [first]));
        Assert.False(ClassMatch.Agree([first, "ship"], ["ship", second]));
        Assert.False(ClassMatch.Agree([first, "ship"], [first]));
    }
}
