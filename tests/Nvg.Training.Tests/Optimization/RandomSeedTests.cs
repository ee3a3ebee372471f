using Nvg.Training.Optimization;

namespace Nvg.Training.Tests.Optimization;

/// <summary>
/// The seeds of every stream, computed from the definition of SplitMix64 outside this program. Runs that were started by earlier
/// versions go on with these numbers.
/// </summary>
public class RandomSeedTests
{
    [Theory]
    [InlineData(RandomStream.Step, 17054185504440963898UL, 5162766147633554409UL)]
    [InlineData(RandomStream.Crop, 3577398164526228274UL, 8660157421268036719UL)]
    [InlineData(RandomStream.StageDropout, 17979452276688773932UL, 15912744576833738790UL)]
    [InlineData(RandomStream.GeneratorChoices, 16119446082206145354UL, 13443440206797209791UL)]
    [InlineData(RandomStream.SequenceCrop, 12307261747512472508UL, 6024012549530504418UL)]
    [InlineData(RandomStream.SequenceVariant, 12061874647837305279UL, 13735138992484812151UL)]
    [InlineData(RandomStream.ProjectorWeights, 12528320686252801548UL, 5414051462527958954UL)]
    [InlineData(RandomStream.DiscriminatorReal, 8193824163559277023UL, 17131822247340829914UL)]
    [InlineData(RandomStream.DiscriminatorFake, 10113450027698954699UL, 1685728748234986344UL)]
    [InlineData(RandomStream.AdversarialTerm, 4018209239386850190UL, 13407192342281464562UL)]
    public void Of_AnyStream_IsTheSameForEver(object stream, ulong ofStep, ulong ofExample)
    {
        Assert.Equal(ofStep, RandomSeed.Of(3, 1000, (RandomStream)stream));
        Assert.Equal(ofExample, RandomSeed.Of(3, 1000, (RandomStream)stream, 17));
    }

    [Fact]
    public void RandomStream_Values_AreDifferent() =>
        Assert.Equal(Enum.GetValues<RandomStream>().Length, Enum.GetValues<RandomStream>().Distinct().Count());
}
