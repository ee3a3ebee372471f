using Nvg.Granularity;
using Nvg.Granularity.Construction;
using Nvg.Pretrained;
using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;
using Nvg.Torch.Nn;

namespace Nvg.Tests.Granularity.Construction;

public class FeatureStrategyTests
{
    [Fact]
    public void Build_OnAnyGrid_IsTheHierarchyOfThePatchFeatures()
    {
        using var folder = new TemporaryFolder();
        using var scope = new TensorScope();
        using var random = new RandomGenerator(1);
        using var network = new VisionTransformer(ParameterSource.Random(1), TinyTransformer.Config);
        SafetensorsFile.Write(folder["vit.safetensors"], network.Parameters);
        using IStructureStrategy strategy = StructureStrategyConfig.Parse($"features:{folder["vit.safetensors"]}", out _)!.Create(
            VisionTransformer.LoadFeatures);
        Tensor images_BCHW = Tensor.Rand([2, 3, 32, 32], random) * 2 - 1;
        foreach (LatentGrid grid in new LatentGrid[] { new(4, 4), new(8, 8) })
        {
            Tensor labels_BSL = strategy.Build(Tensor.Zeros([2, grid.Length, 3]), images_BCHW, grid);
            Tensor expected_BSL = StructureConstruction.Build(network.PatchFeatures(images_BCHW, grid.Height, grid.Width));
            Assert.Equal(expected_BSL.ToArray<long>(), labels_BSL.ToArray<long>());
        }
    }

    [Fact]
    public void Build_MissingWeights_SaysWhichFile()
    {
        using IStructureStrategy strategy = StructureStrategyConfig.Parse("features:none.safetensors", out _)!.Create(
            VisionTransformer.LoadFeatures);
        using Tensor points = Tensor.Zeros([1, 16, 3]), images = Tensor.Zeros([1, 3, 16, 16]);
        string message = Assert.Throws<NvgDataException>(() => strategy.Build(points, images, new LatentGrid(4, 4))).Message;
        Assert.Contains("none.safetensors", message, StringComparison.Ordinal);
    }
}
