using System.Text.Json;
using Nvg.Checkpoints;
using Nvg.Conversion;
using Nvg.Generators;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Files.PyTorch;
using Nvg.Torch.Files.Safetensors;
using Nvg.Torch.Nn;

namespace Nvg.Tests.Conversion;

/// <summary>Checkpoints as people save them: in several files, below the names of wrappers, in other element types.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public sealed class CheckpointFormsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, string> Wrappers { get; } = new()
    {
        { "ddp", "module." },
        { "compiled", "_orig_mod." },
        { "both", "module._orig_mod." },
        { "both, reversed", "_orig_mod.module." },
        { "lightning", "model." },
        { "deepspeed in a dictionary", "state_dict._forward_module.model." },
        { "fsdp", "_fsdp_wrapped_module._fpw_module." },
        { "an own class", "my_trainer.nvg." },
    };

    [Theory]
    [MemberData(nameof(Wrappers))]
    public void ToFolder_NamesBelowAWrapper_LoseIt(string what, string prefix)
    {
        _ = what;
        using var scope = new TensorScope();
        Dictionary<string, Tensor> tensors = TinyTensors();
        Write("x.safetensors", tensors.ToDictionary(p => prefix + p.Key, p => p.Value));
        ConversionReport report = Convert("x.safetensors");
        Assert.Contains($"'{prefix}' was removed from {tensors.Count} names", Assert.Single(report.Notes), StringComparison.Ordinal);
        AssertIsTheModel(tensors);
    }

    [Theory]
    [InlineData("nvgformer.", "nvgformer._orig_mod.")]
    [InlineData("nvgformer.content_blocks.0.", "nvgformer.content_blocks.0._checkpoint_wrapped_module.")]
    [InlineData("nvgformer.", "generator.module.")]
    [InlineData("decoder.", "vae.decoder._orig_mod.")]
    public void ToFolder_APartBelowAWrapper_LosesIt(string before, string after)
    {
        using var scope = new TensorScope();
        Dictionary<string, Tensor> tensors = TinyTensors();
        Write("x.safetensors", tensors.ToDictionary(
            p => p.Key.StartsWith(before, StringComparison.Ordinal) ? after + p.Key[before.Length..] : p.Key, p => p.Value));
        Convert("x.safetensors");
        AssertIsTheModel(tensors);
    }

    [Theory]
    [InlineData("model", "ema")]
    [InlineData("model", "model_ema")]
    [InlineData("net", "ema_state_dict")]
    [InlineData("module", "averaged_model")]
    public void ToFolder_DictionariesOfATrainingRun_HoldBothCopies(string plain, string averaged)
    {
        using var scope = new TensorScope();
        Dictionary<string, Tensor> tensors = TinyTensors();
        // As torch.optim.swa_utils and DistributedDataParallel leave them.
        var all = tensors.ToDictionary(p => $"{plain}.module.{p.Key}", p => p.Value);
        foreach ((string name, Tensor tensor) in tensors)
            all[$"{averaged}.module.{name}"] = tensor * (name.EndsWith("rope_ids", StringComparison.Ordinal) ? 1.0 : 2.0);
        all[$"{averaged}.n_averaged"] = Tensor.Zeros([], ScalarType.Int64);
        Write("x.safetensors", all);
        ConversionReport report = Convert("x.safetensors", new ConversionOptions { Weights = WeightChoice.Plain });
        Assert.Equal(2, report.Notes.Count);
        AssertIsTheModel(tensors);
        Assert.All(Convert("x.safetensors").Sources, source => Assert.True(source.Averaged));
        AssertIsTheModel(
            tensors.ToDictionary(p => p.Key, p => p.Key.EndsWith("rope_ids", StringComparison.Ordinal) ? p.Value : p.Value * 2.0));
    }

    [Fact]
    public void ToFolder_TwoNamesThatBecomeOne_AreRefused()
    {
        using var scope = new TensorScope();
        foreach (string prefix in new[] { "module.", "model.", "mine." })
        {
            Dictionary<string, Tensor> tensors = TinyTensors();
            tensors[prefix + "decoder.conv_in.conv.bias"] = tensors["decoder.conv_in.conv.bias"];
            Write("x.safetensors", tensors);
            AssertRefused("x.safetensors", $"'{prefix}decoder.conv_in.conv.bias'", "are the same tensor of the tokenizer");
        }
    }

    [Fact]
    public void ToFolder_NamesOfAnotherModel_AreQuoted()
    {
        using var scope = new TensorScope();
        var tensors = Enumerable.Range(0, 9).ToDictionary(i => $"features.{i}.weight", _ => Tensor.Zeros([1]));
        Write("x.safetensors", tensors);
        AssertRefused("x.safetensors", "none of its 9 tensors belongs to a model", "features.0.weight, features.1.weight");
    }

    [Fact]
    public void ToFolder_NamesThatMakeSenseOnlyInPart_AreNotUnwrapped()
    {
        using var scope = new TensorScope();
        Dictionary<string, Tensor> tensors = TinyTensors();
        tensors["discriminator.encoder.conv_in.conv.weight"] = tensors["discriminator.head.weight"] = Tensor.Zeros([1]);
        Write("x.safetensors", tensors);
        AssertRefused("x.safetensors", "belong to no part of a model", "discriminator.head.weight");
    }

    [Theory]
    [InlineData("model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors")]
    [InlineData("diffusion_pytorch_model.0.safetensors", "diffusion_pytorch_model.1.safetensors", "rest.safetensors")]
    [InlineData("part_a.safetensors", "part_b.safetensors", "part_c.safetensors")]
    public void ToFolder_SeveralFiles_AreReadTogether(params string[] names)
    {
        using var scope = new TensorScope();
        Dictionary<string, Tensor> tensors = TinyTensors();
        string index = Shard(tensors, names);
        Convert(names);
        AssertIsTheModel(tensors);
        Convert(index);
        AssertIsTheModel(tensors);
        File.Delete(_folder["labels.txt"]);
        Directory.CreateDirectory(_folder["shards"]);
        foreach (string file in names.Append(index))
            File.Move(_folder[file], _folder[$"shards/{file}"]);
        Assert.All(Convert("shards").Sources, source => Assert.Equal(_folder["shards"], source.File));
        AssertIsTheModel(tensors);
        File.Delete(_folder[$"shards/{names[1]}"]);
        AssertRefused("shards", names[1], "does not exist", index);
        AssertRefused($"shards/{index}", names[1], "does not exist");
        AssertRefused($"shards/{names[0]}", "is one of the 3 files of a checkpoint", index);
    }

    [Fact]
    public void ToFolder_NumberedFilesWithoutIndex_AreComplete()
    {
        using var scope = new TensorScope();
        Dictionary<string, Tensor> tensors = TinyTensors();
        string[] names = ["shards/m-00001-of-00002.safetensors", "shards/m-00002-of-00002.safetensors"];
        Directory.CreateDirectory(_folder["shards"]);
        File.Delete(_folder[Shard(tensors, names)]);
        Convert("shards");
        AssertIsTheModel(tensors);
        AssertRefused(names[1], "is one of the 2 files", "m-00001-of-00002.safetensors");
        File.Delete(_folder[names[0]]);
        AssertRefused("shards", "is one of the 2 files", "m-00001-of-00002.safetensors");
    }

    [Theory]
    [InlineData("""{"weight_map": {"a": "../x.safetensors"}}""", "outside its folder")]
    [InlineData("""{"weight_map": {"a": "/etc/passwd"}}""", "outside its folder")]
    [InlineData("""{"weight_map": {"a": ""}}""", "outside its folder")]
    [InlineData("""{"weight_map": {"a": 3}}""", "not a valid index")]
    [InlineData("""{"weight_map": {}}""", "is empty")]
    [InlineData("""{"weight_map": ["a"]}""", "has no 'weight_map'")]
    [InlineData("""[1]""", "has no 'weight_map'")]
    [InlineData("""{"weight_map": """, "not a valid index")]
    [InlineData("""{"weight_map": {"a": "b\u001b[2J.safetensors"}}""", "b\\x1b[2J.safetensors")]
    public void Open_IndexThatMakesNoSense_IsRefused(string json, string words)
    {
        File.WriteAllText(_folder["model.safetensors.index.json"], json);
        AssertRefused("model.safetensors.index.json", words);
    }

    [Fact]
    public void Open_OneTensorInTwoFiles_IsAnError()
    {
        using var scope = new TensorScope();
        Dictionary<string, Tensor> tensors = TinyTensors();
        Write("a.safetensors", tensors);
        Write("b.safetensors", tensors.Where(p => p.Key == "decoder.conv_in.conv.bias").ToDictionary());
        string message = Assert.Throws<ArgumentException>(
            () => CheckpointFiles.Open([_folder["a.safetensors"], _folder["b.safetensors"]])).Message;
        Assert.Contains("both hold a tokenizer", message, StringComparison.Ordinal);
        Assert.Contains("'decoder.conv_in.conv.bias'", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.Float16)]
    public void ToFolder_TypesThatNothingIsComputedIn_BecomeFloat32(ScalarType type)
    {
        using var scope = new TensorScope();
        Dictionary<string, Tensor> tensors = TinyTensors().ToDictionary(p => p.Key, p => p.Value.To(type));
        PyTorchFile.Write(_folder["x.pth"], tensors);
        ConversionReport report = Convert("x.pth");
        Assert.Contains($"matrices of {type.ToString().ToLowerInvariant()} are stored as float32", Assert.Single(report.Notes),
            StringComparison.Ordinal);
        AssertIsTheModel(tensors.ToDictionary(p => p.Key, p => p.Value.To(ScalarType.Float32)));
        using SafetensorsFile stored = SafetensorsFile.Open(_folder["model/generator.safetensors"]);
        Assert.All(stored.Values, tensor => Assert.Equal(ScalarType.Float32, tensor.ScalarType));
    }

    [Fact]
    public void ToFolder_Float64BeyondFloat32_IsNamed()
    {
        using var scope = new TensorScope();
        Dictionary<string, Tensor> tensors = TinyTensors();
        tensors["decoder.conv_in.conv.weight"] = Tensor.Full(
            tensors["decoder.conv_in.conv.weight"].Shape.ToArray(), 1e300, ScalarType.Float64);
        Write("x.safetensors", tensors);
        AssertRefused("x.safetensors", "too large for their storage type (decoder.conv_in.conv.weight)");
    }

    [Theory]
    [InlineData(ScalarType.Int8)]
    [InlineData(ScalarType.UInt8)]
    [InlineData(ScalarType.Bool)]
    public void ToFolder_QuantizedWeights_AreRefused(ScalarType type)
    {
        using var scope = new TensorScope();
        Dictionary<string, Tensor> tensors = TinyTensors();
        tensors["decoder.conv_in.conv.weight"] = Tensor.Zeros(tensors["decoder.conv_in.conv.weight"].Shape.ToArray(), type);
        Write("x.safetensors", tensors);
        AssertRefused("x.safetensors", $"decoder.conv_in.conv.weight is {type}", "quantized weights are not read");
    }

    [Theory]
    [InlineData("F8_E4M3")]
    [InlineData("F8_E5M2")]
    [InlineData("F4")]
    [InlineData("U16")]
    [InlineData("C64")]
    public void Open_TypesOfOtherPrograms_AreRefusedByName(string type)
    {
        byte[] header = System.Text.Encoding.UTF8.GetBytes(
            $$$"""{"decoder.conv_in.conv.bias":{"dtype":"{{{type}}}","shape":[8],"data_offsets":[0,8]}}""");
        File.WriteAllBytes(_folder["x.safetensors"], [.. BitConverter.GetBytes((long)header.Length), .. header, .. new byte[8]]);
        AssertRefused("x.safetensors", "decoder.conv_in.conv.bias", $"the dtype '{type}', which is not read: store it as F32, BF16 or F16");
    }

    public void Dispose() => _folder.Dispose();

    // The tensors of a whole model under their published names; 32 groups, as the sizes that no shape shows.
    private static Dictionary<string, Tensor> TinyTensors()
    {
        using var tokenizer = new Tokenizer(Tiny.TokenizerSizes with { NormGroups = 32, BaseChannels = 32 }, ParameterSource.Random(1));
        using var generator = new NvgGenerator(Tiny.GeneratorSizes, ParameterSource.Random(2));
        Dictionary<string, Tensor> tensors = tokenizer.Parameters.ToDictionary(p => p.Key, p => p.Value.Clone());
        foreach ((string name, Tensor tensor) in generator.Parameters)
            tensors["nvgformer." + name] = tensor.Clone();
        return tensors;
    }

    private void Write(string name, Dictionary<string, Tensor> tensors) => SafetensorsFile.Write(_folder[name], tensors);

    private string Shard(Dictionary<string, Tensor> tensors, string[] names)
    {
        var map = new Dictionary<string, string>();
        for (int i = 0; i < names.Length; i++)
        {
            Dictionary<string, Tensor> part = tensors.Where((_, n) => n % names.Length == i).ToDictionary();
            Write(names[i], part);
            foreach (string name in part.Keys)
                map.Add(name, Path.GetFileName(names[i]));
        }

        string index = Path.Combine(Path.GetDirectoryName(names[0])!, "model.safetensors.index.json");
        File.WriteAllText(_folder[index], JsonSerializer.Serialize(new { metadata = new { total_size = 1 }, weight_map = map }));
        return index;
    }

    private ConversionReport Convert(params string[] files) => Convert(files, new ConversionOptions());

    private ConversionReport Convert(string file, ConversionOptions options) => Convert([file], options);

    private ConversionReport Convert(string[] files, ConversionOptions options)
    {
        using CheckpointFiles opened = CheckpointFiles.Open(Array.ConvertAll(files, f => _folder[f]));
        return CheckpointConversion.ToFolder(opened, _folder["model"], options);
    }

    private void AssertIsTheModel(IReadOnlyDictionary<string, Tensor> tensors)
    {
        using NvgModel model = NvgModel.Load(_folder["model"]);
        foreach ((string name, Tensor tensor) in tensors)
        {
            Tensor stored = name.StartsWith("nvgformer.", StringComparison.Ordinal)
                ? model.Generator.Parameters[name["nvgformer.".Length..]] : model.Tokenizer.Parameters[name];
            Assert.Equal(tensor.ToArray<float>(), stored.ToArray<float>());
        }
    }

    private void AssertRefused(string file, params string[] words)
    {
        string message = Assert.Throws<NvgDataException>(() => Convert(file)).Message;
        Assert.All(words, w => Assert.Contains(w, message, StringComparison.Ordinal));
        Assert.DoesNotContain('\n', message);
    }
}
