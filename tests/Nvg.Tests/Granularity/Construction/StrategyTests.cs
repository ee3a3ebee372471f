using Nvg.Conditioning;
using Nvg.Configuration;
using Nvg.Granularity;
using Nvg.Granularity.Construction;
using Nvg.Pretrained;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;

namespace Nvg.Tests.Granularity.Construction;

public class StrategyTests
{
    public static TheoryData<string> Names => ["greedy", "spatial:0.5", "spatial:0", "matching", "segmentation", "segmentation:5"];

    [Theory]
    [MemberData(nameof(Names))]
    public void Build_AnyStrategy_GivesBalancedNestedMapsThatDependOnTheImageAlone(string name)
    {
        using IStructureStrategy strategy = StructureStrategyConfig.Parse(name, out _)!.Create(VisionTransformer.LoadFeatures);
        foreach (LatentGrid grid in new LatentGrid[] { new(1, 1), new(2, 2), new(4, 8), new(8, 8) })
        {
            using var scope = new TensorScope();
            using var random = new RandomGenerator(5);
            Tensor points_BLC = Tensor.Randn([3, grid.Length, 6], random), images_BCHW = Tensor.Rand(
                [3, 3, grid.Height * 4, grid.Width * 4], random) * 2 - 1.0;
            Tensor all = strategy.Build(points_BLC, images_BCHW, grid);
            foreach (long image in new long[] { 0, 2 })
            {
                Tensor one = strategy.Build(points_BLC.Narrow(0, image, 1), images_BCHW.Narrow(0, image, 1), grid);
                Assert.Equal(all.Select(0, image).ToArray<long>(), one.ToArray<long>());
                // The constructor checks nesting and size; a whole hierarchy has every label of the last stage once.
                PartialSequence maps = PartialSequence.FromStructure(grid, Array.ConvertAll(one.ToArray<long>(), label => (int)label));
                Assert.Equal(grid.StageCount, maps.StructureStages);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Build_PlainImage_StillGivesAHierarchy(string name)
    {
        using var scope = new TensorScope();
        using IStructureStrategy strategy = StructureStrategyConfig.Parse(name, out _)!.Create(VisionTransformer.LoadFeatures);
        var grid = new LatentGrid(4, 4);
        Tensor labels = strategy.Build(Tensor.Zeros([1, 16, 3]), Tensor.Zeros([1, 3, 16, 16]), grid);
        Assert.Equal(5, PartialSequence.FromStructure(grid, Array.ConvertAll(labels.ToArray<long>(), label => (int)label)).StructureStages);
    }

    [Theory, MemberData(nameof(ReferenceFixtures.Sets), MemberType = typeof(ReferenceFixtures))]
    public void Build_MatchingWithoutImprovement_IsThePublishedConstruction(string set)
    {
        using var scope = new TensorScope();
        using SafetensorsFile fixture = SafetensorsFile.Open(ReferenceFixtures.Path("clustering.safetensors", set));
        using var greedy = new MatchingStrategy(improve: false);
        foreach (string suffix in new[] { "", "64" })
        {
            Tensor points = fixture["points" + suffix];
            int side = (int)Math.Sqrt(points.Size(1));
            Tensor labels = greedy.Build(points, Tensor.Zeros([1]), new LatentGrid(side, side));
            Assert.Equal(fixture["labels" + suffix].ToArray<long>(), labels.ToArray<long>());
        }
    }

    [Fact]
    public void Build_Spatial_WeightZeroIsGreedyAndLargeWeightFollowsPlace()
    {
        using var scope = new TensorScope();
        using var random = new RandomGenerator(8);
        var grid = new LatentGrid(8, 8);
        Tensor points = Tensor.Randn([1, 64, 4], random), images = Tensor.Zeros([1, 3, 32, 32]);
        using var none = new SpatialStrategy(0);
        using var greedy = new GreedyStrategy();
        Assert.Equal(greedy.Build(points, images, grid).ToArray<long>(), none.Build(points, images, grid).ToArray<long>());
        using var strong = new SpatialStrategy(1000);
        long[] labels = strong.Build(points, images, grid).ToArray<long>()[(5 * 64)..(6 * 64)];
        // Pairs of the last split but one are neighbours, except for what greedy joining leaves over.
        Assert.InRange(Enumerable.Range(0, 64).GroupBy(l => labels[l]).Count(
            pair => RegionHalving.Distance(pair.First(), pair.Last(), grid) == 1), 28, 32);
    }

    [Fact]
    public void Improve_RandomCosts_LiesBetweenOptimumAndGreedy()
    {
        var random = new Random(1);
        double greedySum = 0, improvedSum = 0, optimumSum = 0;
        for (int trial = 0; trial < 40; trial++)
        {
            double[,] cost = Costs(random, 12);
            List<(int First, int Second)> pairs = PairMatching.Greedy(cost);
            double greedy = PairMatching.Sum(cost, pairs);
            PairMatching.Improve(cost, pairs);
            double improved = PairMatching.Sum(cost, pairs), optimum = PairMatching.Optimum(cost);
            Assert.Equal(Enumerable.Range(0, 12), pairs.SelectMany(p => new[] { p.First, p.Second }).Order());
            Assert.InRange(improved, optimum - 1e-9, greedy + 1e-9);
            (greedySum, improvedSum, optimumSum) = (greedySum + greedy, improvedSum + improved, optimumSum + optimum);
        }

        // Of what greedy pairs cost above the optimum, exchanges save at least half.
        Assert.InRange(improvedSum - optimumSum, 0, (greedySum - optimumSum) / 2);
    }

    [Fact]
    public void Optimum_FourPoints_IsTheBestOfThreePairings()
    {
        double[,] cost = Costs(new Random(2), 4);
        double[] sums = [cost[0, 1] + cost[2, 3], cost[0, 2] + cost[1, 3], cost[0, 3] + cost[1, 2]];
        Assert.Equal(sums.Min(), PairMatching.Optimum(cost), 12);
    }

    [Fact]
    public void Regions_TwoPlainHalves_AreTwo()
    {
        float[] pixels = new float[3 * 8 * 8];
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = i % 8 < 3 ? -1 : 1;
        int[] regions = ColourSegmentation.Regions(pixels, 8, 8, 1);
        Assert.Equal([0, 3], regions.Distinct().Order());
        Assert.Single(ColourSegmentation.Regions(pixels, 8, 8, 1000).Distinct());
    }

    [Theory]
    [InlineData("kmeans", "is not a structure strategy")]
    [InlineData("3", "is not a structure strategy")]
    [InlineData("greedy:2", "no setting")]
    [InlineData("spatial:far", "a number")]
    [InlineData("spatial:-1", "negative")]
    [InlineData("features", "featureWeights")]
    public void Parse_Impossible_SaysWhy(string text, string words)
    {
        Assert.Null(StructureStrategyConfig.Parse(text, out string? problem));
        Assert.Contains(words, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Config_WithStrategy_ComesBackAndDecidesTheTokenizersStructure()
    {
        using var scope = new TensorScope();
        var config = Tiny.TokenizerSizes with
        {
            Structure = new StructureStrategyConfig { Kind = StructureStrategyKind.Spatial, SpatialWeight = 1000 },
        };
        string text = NvgJson.Write(config);
        Assert.Contains("\"kind\": \"spatial\"", text, StringComparison.Ordinal);
        Assert.Equal(config.Structure, System.Text.Json.JsonSerializer.Deserialize<TokenizerConfig>(text, NvgJson.Options)!.Structure);
        // Configs of the paper's way stay as they were, and with them what identifies a run.
        Assert.DoesNotContain("structure", NvgJson.Write(Tiny.TokenizerSizes), StringComparison.Ordinal);
        using Tokenizer spatial = Tiny.Tokenizer(config), greedy = Tiny.Tokenizer();
        using var random = new RandomGenerator(1);
        Tensor images = Tensor.Rand([1, 3, 8, 8], random) * 2 - 1.0;
        using GranularitySequence one = spatial.Encode(images), other = greedy.Encode(images);
        Assert.NotEqual(one.Structure_BSL.ToArray<long>(), other.Structure_BSL.ToArray<long>());
    }

    private static double[,] Costs(Random random, int count)
    {
        double[][] points = [.. Enumerable.Range(0, count).Select(_ => new[] { random.NextDouble(), random.NextDouble() })];
        double[,] cost = new double[count, count];
        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j < count; j++)
                cost[i, j] = Math.Pow(points[i][0] - points[j][0], 2) + Math.Pow(points[i][1] - points[j][1], 2);
        }

        return cost;
    }
}
