using Nvg.Pretrained;
using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;
using Nvg.Torch.Nn;

namespace Nvg.Tests.Pretrained;

[Collection(RunsAlone.Name), NoTensorLeaks]
public class VisionTransformerTests
{
    [TorchPeerFact]
    public void PatchFeatures_PeersWeights_GivePeersFeatures()
    {
        using var folder = new TemporaryFolder();
        TorchPeer.Run(TorchPeer.Script("vision_transformer.py"), folder.Root);
        using SafetensorsFile expected = SafetensorsFile.Open(folder["results.safetensors"]);
        foreach (string file in new[] { "plain.safetensors", "plain.pth", "registers.safetensors", "gated.safetensors" })
        {
            using var scope = new TensorScope();
            using VisionTransformer transformer = VisionTransformer.Load(folder[file]);
            string name = Path.GetFileNameWithoutExtension(file);
            Tensor reference = expected[$"{name}.features"], actual = transformer.PatchFeatures(expected[$"{name}.image"], 4, 4);
            Assert.Equal(reference.Shape.ToArray(), actual.Shape.ToArray());
            double error = (actual - reference).Abs().Max().Item();
            Assert.True(error < 2e-4, $"{file}: {error}");
        }
    }

    [Fact]
    public void PatchFeatures_SameImagesInAnotherBatch_AreTheSame()
    {
        using var scope = new TensorScope();
        using var random = new RandomGenerator(1);
        using var transformer = new VisionTransformer(ParameterSource.Random(1), TinyTransformer.Config);
        Tensor images = Tensor.Rand([3, 3, 32, 32], random);
        Tensor all = transformer.PatchFeatures(images, 4, 4), one = transformer.PatchFeatures(images.Narrow(0, 1, 1), 4, 4);
        Assert.True((all.Narrow(0, 1, 1) - one).Abs().Max().Item() < 1e-5);
        Assert.False(all.RequiresGrad);
        Assert.Equal(TinyTransformer.Config, VisionTransformerConfig.Of(transformer.Parameters));
    }

    [Fact]
    public void Load_OtherFile_IsRefusedWithOneLine()
    {
        using var folder = new TemporaryFolder();
        using var transformer = new VisionTransformer(ParameterSource.Random(1), TinyTransformer.Config);
        var without = transformer.Parameters.Where(p => p.Key != "blocks.1.norm1.bias").ToDictionary();
        SafetensorsFile.Write(folder["a.safetensors"], without);
        string message = Assert.Throws<NvgDataException>(() => VisionTransformer.Load(folder["a.safetensors"])).Message;
        Assert.Contains("blocks.1.norm1.bias", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        without.Remove("pos_embed");
        SafetensorsFile.Write(folder["b.safetensors"], without);
        Assert.Contains("pos_embed", Assert.Throws<NvgDataException>(
            () => VisionTransformer.Load(folder["b.safetensors"])).Message, StringComparison.Ordinal);
    }
}
