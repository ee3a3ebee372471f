using Nvg.Granularity;
using Nvg.Granularity.Construction;
using Nvg.Torch;
using Nvg.Torch.Safetensors;

namespace Nvg.Tests.Granularity.Construction;

public sealed class VisionTransformerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [SharedFact("fixtures/dino_disc.safetensors")]
    public void Tokens_ReferenceWeights_AreTheReferenceActivations()
    {
        using var scope = new TensorScope();
        using SafetensorsFile fixture = SafetensorsFile.Open(SharedMaterial.Path("fixtures", "dino_disc.safetensors"));
        using VisionTransformer network = Load(fixture);
        // The reference's copy of the transformer computes so.
        network.ApproximateGelu = true;
        Assert.Equal(2, network.Depth);
        for (int blocks = 0; blocks <= 2; blocks++)
        {
            // The reference reads out every patch token with the class token added.
            Tensor tokens_BTW = network.Tokens(fixture["image"], blocks);
            Tensor readout_BTW = tokens_BTW.Narrow(1, 1, 196) + tokens_BTW.Narrow(1, 0, 1);
            float[] expected = fixture[$"activation_{blocks}"].Transpose(1, 2).Contiguous().ToArray<float>();
            Assert.Equal(expected, readout_BTW.ToArray<float>(), (a, b) => Math.Abs(a - b) < 1e-4 * Math.Max(1, Math.Abs(a)));
        }
    }

    [SharedFact("fixtures/dino_disc.safetensors")]
    public void Features_AsStrategy_GiveAHierarchyOnAnyGrid()
    {
        using var scope = new TensorScope();
        using SafetensorsFile fixture = SafetensorsFile.Open(SharedMaterial.Path("fixtures", "dino_disc.safetensors"));
        Load(fixture).Dispose();
        using IStructureStrategy strategy = StructureStrategyConfig.Parse($"features:{_folder["vit.safetensors"]}", out _)!.Create();
        foreach (LatentGrid grid in new LatentGrid[] { new(4, 4), new(16, 16) })
        {
            Tensor labels = strategy.Build(Tensor.Zeros([2, grid.Length, 3]), fixture["image"], grid);
            int[] first = Array.ConvertAll(labels.Select(0, 0).Contiguous().ToArray<long>(), label => (int)label);
            Assert.Equal(grid.StageCount, PartialSequence.FromStructure(grid, first).StructureStages);
        }
    }

    [Fact]
    public void Load_OtherFiles_AreRefused()
    {
        Assert.Contains("does not exist", Assert.Throws<NvgDataException>(() => VisionTransformer.Load(_folder["none"])).Message, StringComparison.Ordinal);
        File.WriteAllText(_folder["text"], "no weights at all");
        Assert.Contains("text", Assert.Throws<NvgDataException>(() => VisionTransformer.Load(_folder["text"])).Message, StringComparison.Ordinal);
        using Tensor tensor = Tensor.Zeros([4, 3, 16, 16]);
        SafetensorsFile.Write(_folder["conv"], [KeyValuePair.Create("stem.weight", tensor)]);
        Assert.Contains("no vision transformer", Assert.Throws<NvgDataException>(() => VisionTransformer.Load(_folder["conv"])).Message, StringComparison.Ordinal);
        SafetensorsFile.Write(_folder["half"], [KeyValuePair.Create("patch_embed.proj.weight", tensor)]);
        Assert.Contains("cls_token", Assert.Throws<NvgDataException>(() => VisionTransformer.Load(_folder["half"])).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    // The fixture's transformer without the names of what stands around it.
    private VisionTransformer Load(SafetensorsFile fixture)
    {
        const string prefix = "param.";
        SafetensorsFile.Write(_folder["vit.safetensors"], fixture.Where(t => t.Key.StartsWith(prefix + "dino_proxy.", StringComparison.Ordinal))
            .Select(t => KeyValuePair.Create(t.Key[prefix.Length..], t.Value)));
        return VisionTransformer.Load(_folder["vit.safetensors"]);
    }
}
