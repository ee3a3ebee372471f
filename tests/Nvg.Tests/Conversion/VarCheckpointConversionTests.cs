using Nvg.Conversion.Var;
using Nvg.Torch;
using Nvg.Torch.Files.PyTorch;
using Nvg.Torch.Nn;
using Nvg.Var;
using Nvg.Var.Tokenizers;
using Nvg.Var.Transformers;

namespace Nvg.Tests.Conversion;

[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public sealed class VarCheckpointConversionTests : IDisposable
{
    private const string FullSize = "NVG_FULL_SIZE_CONVERSION";

    private readonly TemporaryFolder _folder = new();

    private string Model => _folder["model"];

    [TorchPeerFact]
    public void ToFolder_FilesOfPyTorch_HaveEveryValue()
    {
        // All of d16 takes minutes and gigabytes, so it is asked for by a variable.
        bool isFull = Environment.GetEnvironmentVariable(FullSize) == "1";
        string script = TorchPeer.Script("official_var_checkpoint.py");
        TorchPeer.Run([script, "write", _folder.Root, .. isFull ? ["--full"] : Array.Empty<string>()]);
        VarConversionReport report = Convert(["vae.pth", "var.pth"]);
        if (isFull)
            Assert.Equal(("var-d16", 310_283_520L), (report.Name, report.Parameters["transformer"]));
        else
            Assert.Equal([1, 2, 3, 5, 8], report.Tokenizer.Scales);
        string compared = TorchPeer.Run(script, "compare", _folder.Root, Model);
        Assert.Contains("tokenizer: ", compared, StringComparison.Ordinal);
        Assert.Contains($"generator: {(isFull ? 202 : 34)} tensors equal", compared, StringComparison.Ordinal);
    }

    [Fact]
    public void ToCheckpoint_AndBack_LosesNothing()
    {
        TinyVar.Save(_folder["source"]);
        VarCheckpointConversion.ToCheckpoint(_folder["source"], _folder["one.pth"]);
        Convert(["one.pth"]);
        using VarModel source = VarModel.Load(_folder["source"]), copy = VarModel.Load(Model);
        Assert.Equal(source.Fingerprint(), copy.Fingerprint());
        Assert.Equal((source.Name, 2), (copy.Name, copy.Config.Transformer!.Depth));
        Assert.Equal(source.Labels, copy.Labels);
    }

    [Fact]
    public void ToFolder_TrainingCheckpoint_FindsBothParts()
    {
        using var scope = new TensorScope();
        (Dictionary<string, Tensor> tokenizer, Dictionary<string, Tensor> transformer) = Parts();
        var nested = tokenizer.ToDictionary(p => "trainer.vae_local." + p.Key, p => p.Value);
        foreach ((string name, Tensor tensor) in transformer)
            nested["trainer.var_wo_ddp." + name] = tensor;
        nested["trainer.var_opt.optimizer.step"] = Tensor.Zeros([1]);
        PyTorchFile.Write(_folder["ar-ckpt.pth"], nested);
        VarConversionReport report = Convert(["ar-ckpt.pth"], new VarConversionOptions { Scales = [1, 2, 3, 4] });
        Assert.Equal((2, 3), (report.Transformer!.Depth, report.Transformer.ClassCount));
    }

    [Fact]
    public void ToFolder_WrongTensors_AreNamed()
    {
        using var scope = new TensorScope();
        (Dictionary<string, Tensor> tokenizer, Dictionary<string, Tensor> transformer) = Parts();
        transformer.Remove("head.bias");
        PyTorchFile.Write(_folder["vae.pth"], tokenizer);
        PyTorchFile.Write(_folder["var.pth"], transformer);
        Assert.Contains("1 missing (head.bias)", Refused(["vae.pth", "var.pth"]), StringComparison.Ordinal);
        transformer["head.bias"] = Tensor.Zeros([16]);
        transformer["blocks.0.attn.extra"] = Tensor.Zeros([1]);
        PyTorchFile.Write(_folder["var.pth"], transformer);
        Assert.Contains("1 unexpected (blocks.0.attn.extra)", Refused(["vae.pth", "var.pth"]), StringComparison.Ordinal);
        transformer.Remove("blocks.0.attn.extra");
        foreach (int block in new[] { 0, 1 })
            transformer.Remove($"blocks.{block}.attn.scale_mul_1H11");
        PyTorchFile.Write(_folder["var.pth"], transformer);
        Assert.Contains("no learned scales", Refused(["vae.pth", "var.pth"]), StringComparison.Ordinal);
        tokenizer["stray"] = Tensor.Zeros([1]);
        PyTorchFile.Write(_folder["vae.pth"], tokenizer);
        Assert.Contains("stray", Refused(["vae.pth"]), StringComparison.Ordinal);
    }

    [Fact]
    public void ToFolder_ScalesThatNothingShows_AreAskedFor()
    {
        using var scope = new TensorScope();
        (Dictionary<string, Tensor> tokenizer, Dictionary<string, Tensor> transformer) = Parts();
        PyTorchFile.Write(_folder["vae.pth"], tokenizer);
        PyTorchFile.Write(_folder["var.pth"], transformer);
        using VarCheckpointFiles files = Open(["vae.pth", "var.pth"]);
        var error = Assert.Throws<NvgDataException>(() => VarCheckpointConversion.ToFolder(files, Model, new VarConversionOptions()));
        Assert.Contains("--scales", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Recognise_CheckpointsOfOtherMethods_AreNotOurs()
    {
        using var scope = new TensorScope();
        PyTorchFile.Write(_folder["other.pth"], new Dictionary<string, Tensor> { ["encoder.conv_in.conv.weight"] = Tensor.Zeros([1]) });
        Assert.False(VarCheckpointFiles.Recognise([_folder["other.pth"]]));
    }

    public void Dispose() => _folder.Dispose();

    private static (Dictionary<string, Tensor> Tokenizer, Dictionary<string, Tensor> Transformer) Parts()
    {
        // Published files have 32 groups, which no shape shows.
        using var tokenizer = new VarTokenizer(
            TinyVar.TokenizerSizes with { BaseChannels = 32, NormGroups = 32 }, ParameterSource.Random(1));
        using VarTransformer transformer = TinyVar.Transformer();
        return (Copy(tokenizer.Parameters), Copy(transformer.Parameters));

        static Dictionary<string, Tensor> Copy(ParameterStore store) => store.ToDictionary(p => p.Key, p => p.Value.Clone());
    }

    private VarCheckpointFiles Open(string[] files) => VarCheckpointFiles.Open(Array.ConvertAll(files, f => _folder[f]));

    private VarConversionReport Convert(string[] sources, VarConversionOptions? options = null)
    {
        using VarCheckpointFiles files = Open(sources);
        return VarCheckpointConversion.ToFolder(files, Model, options ?? new VarConversionOptions());
    }

    private string Refused(string[] sources) =>
        Assert.Throws<NvgDataException>(() => Convert(sources, new VarConversionOptions { Scales = [1, 2, 3, 4] })).Message;
}
