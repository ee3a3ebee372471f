using Nvg.Tokenizers;
using Nvg.Torch;

namespace Nvg.Tests.Tokenizers;

/// <summary>The kernel of nearest codes against the distances of all codes.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public class NearestCodeTests
{
    private static readonly Operator Kernel = new("nvg::nearest_code");

    /// <summary>Points, codes, channels: whole and broken blocks of each.</summary>
    public static TheoryData<int, int, int> Sizes => new()
    {
        { 1, 1, 1 }, { 8, 16, 16 }, { 9, 17, 3 }, { 77, 7, 32 }, { 5, 100, 33 }, { 1000, 1000, 16 }, { 3, 33, 0 },
    };

    [Theory, MemberData(nameof(Sizes))]
    public void Find_WholeNumbers_EqualsTheFirstSmallestDistance(int points, int codes, int channels)
    {
        // Products and sums of small whole numbers are exact, so that equal distances are equal in any order of summation.
        using var scope = new TensorScope();
        using var random = new RandomGenerator(1);
        Tensor points_MC = WholeNumbers(points, channels, random), codebook_VC = WholeNumbers(codes, channels, random);
        AssertEqualsComposed(points_MC, codebook_VC);
    }

    [Theory, MemberData(nameof(Sizes))]
    public void Find_AnyNumbers_ChoosesASmallestDistanceToRounding(int points, int codes, int channels)
    {
        using var scope = new TensorScope();
        using var random = new RandomGenerator(2);
        Tensor points_MC = Tensor.Randn([points, channels], random), codebook_VC = Tensor.Randn([codes, channels], random);
        Tensor exact_MV = NearestCode.SquaredDistances(points_MC.To(ScalarType.Float64), codebook_VC.To(ScalarType.Float64));
        Tensor found_M1 = exact_MV.Gather(1, NearestCode.Find(points_MC, codebook_VC).Unsqueeze(1));
        Tensor excess_M1 = found_M1 + (-exact_MV).Max(1, keepDimension: true);
        Assert.InRange(excess_M1.Max().Item(), 0, 1e-4);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void Find_NotFinite_ChoosesAsArgMinDoes(float value)
    {
        using var random = new RandomGenerator(3);
        foreach ((int point, int code) in new[] { (-1, 0), (-1, 20), (-1, 36), (4, -1), (4, 20) })
        {
            using var scope = new TensorScope();
            Tensor points_MC = WholeNumbers(11, 3, random), codebook_VC = WholeNumbers(37, 3, random);
            AssertEqualsComposed(With(points_MC, point, value), With(codebook_VC, code, value));
            // A second one later: the first still wins.
            AssertEqualsComposed(With(points_MC, point, value), With(With(codebook_VC, code, value), 36, value));
        }
    }

    [Fact]
    public void Find_DistancesThatOverflow_ChoosesTheFirst()
    {
        using var scope = new TensorScope();
        Assert.Equal([0L, 0], NearestCode.Find(Tensor.Full([2, 1], 1e20), Tensor.Zeros([20, 1])).ToArray<long>());
    }

    [Fact]
    public void Find_EqualCodes_ChoosesTheFirst()
    {
        using var scope = new TensorScope();
        using var random = new RandomGenerator(4);
        Tensor codes = Tensor.Randn([21, 16], random);
        Tensor twice = Tensor.Cat([codes, codes, codes], 0);
        Assert.Equal(Enumerable.Range(0, 63).Select(i => (long)(i % 21)), NearestCode.Find(twice, twice).ToArray<long>());
    }

    [Fact]
    public void Find_ViewsOfOtherLayout_AreReadAsTheyAre()
    {
        using var scope = new TensorScope();
        using var random = new RandomGenerator(5);
        Tensor points_MC = WholeNumbers(12, 9, random).Transpose(0, 1), codebook_VC = WholeNumbers(12, 40, random).Transpose(0, 1);
        AssertEqualsComposed(points_MC, codebook_VC);
    }

    [Fact]
    public void Find_NoPoints_FindsNoCodes()
    {
        using var scope = new TensorScope();
        Tensor tokens_M = NearestCode.Find(Tensor.Zeros([0, 16]), Tensor.Zeros([5, 16]));
        Assert.Equal(ScalarType.Int64, tokens_M.ScalarType);
        Assert.Equal([0L], tokens_M.Shape.ToArray());
    }

    [Fact]
    public void Find_OtherType_ComparesAllDistances()
    {
        using var scope = new TensorScope();
        using var random = new RandomGenerator(6);
        Tensor points_MC = WholeNumbers(30, 4, random), codebook_VC = WholeNumbers(20, 4, random);
        Tensor wide_M = NearestCode.Find(points_MC.To(ScalarType.Float64), codebook_VC.To(ScalarType.Float64));
        Assert.Equal(NearestCode.Find(points_MC, codebook_VC).ToArray<long>(), wide_M.ToArray<long>());
    }

    [Fact]
    [Trait(TorchDoors.Trait, TorchDoors.Compiled)]
    public void Find_TrainedCodebook_RecordsNothing()
    {
        using var scope = new TensorScope();
        Tensor points_MC = Tensor.Full([3, 2], 1), codebook_VC = Tensor.Full([4, 2], 1);
        points_MC.RequiresGrad = codebook_VC.RequiresGrad = true;
        Assert.False(NearestCode.Find(points_MC, codebook_VC).RequiresGrad);
    }

    [Fact]
    [Trait(TorchDoors.Trait, TorchDoors.Compiled)]
    public void Kernel_ShapesAlone_GivesTheShape()
    {
        using var scope = new TensorScope();
        Tensor tokens_M = Kernel.Call(Tensor.Empty([7, 3], device: Device.Meta), Tensor.Empty([5, 3], device: Device.Meta));
        Assert.Equal([7L], tokens_M.Shape.ToArray());
        Assert.Equal(ScalarType.Int64, tokens_M.ScalarType);
    }

    [Fact]
    [Trait(TorchDoors.Trait, TorchDoors.Compiled)]
    public void Kernel_ArgumentsThatDoNotFit_SaysWhich()
    {
        using var scope = new TensorScope();
        Tensor points_MC = Tensor.Zeros([4, 3]);
        Refused("same channels", points_MC, Tensor.Zeros([5, 2]));
        Refused("same channels", points_MC, Tensor.Zeros([3]));
        Refused("same channels", Tensor.Zeros([2, 4, 3]), Tensor.Zeros([5, 3]));
        Refused("at least one code", points_MC, Tensor.Zeros([0, 3]));
        Refused("float32", points_MC.To(ScalarType.BFloat16), Tensor.Zeros([5, 3]));
        Refused("float32", points_MC, Tensor.Zeros([5, 3], ScalarType.Float64));

        static void Refused(string reason, Tensor points_MC, Tensor codebook_VC) =>
            Assert.Contains(
                reason, Assert.ThrowsAny<TorchException>(() => Kernel.Call(points_MC, codebook_VC)).Message, StringComparison.Ordinal);
    }

    private static Tensor WholeNumbers(int count, int channels, RandomGenerator random) =>
        (Tensor.Rand([count, channels], random) * 5 - 2).Floor();

    // The first channel of one row; no row for -1.
    private static Tensor With(Tensor values, int row, float value)
    {
        Tensor changed = values.Clone();
        if (row >= 0)
            changed.Select(0, row).Narrow(0, 0, 1).CopyFrom(Tensor.Full([1], value));
        return changed;
    }

    private static void AssertEqualsComposed(Tensor points_MC, Tensor codebook_VC) =>
        Assert.Equal(
            NearestCode.SquaredDistances(points_MC, codebook_VC).ArgMin(1).ToArray<long>(),
            NearestCode.Find(points_MC, codebook_VC).ToArray<long>());
}
