using System.Security.Cryptography;
using System.Text.Json;
using Nvg.Checkpoints;
using Nvg.Configuration;
using Nvg.Generators;
using Nvg.Labels;
using Nvg.Torch;
using Nvg.Torch.Files;
using Nvg.Torch.Files.Safetensors;
using Nvg.Torch.Nn;
using Nvg.Var.Tokenizers;
using Nvg.Var.Transformers;

namespace Nvg.Var;

/// <content>
/// The model folder: <c>config.json</c>, <c>tokenizer.safetensors</c>, <c>generator.safetensors</c> (the transformer, absent for a
/// tokenizer alone) and <c>labels.txt</c>, as for other methods.
/// </content>
public sealed partial class VarModel
{
    private const string ConfigFile = "config.json", LabelsFile = "labels.txt";
    private const string TokenizerFile = ModelFolderFiles.Tokenizer, TransformerFile = "generator.safetensors";
    private const string Codebook = "quantize.embedding.weight";

    /// <summary>Reads a model folder on the calling thread. Does not change the number of threads of the process.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="device">Device for the parameters.</param>
    /// <param name="type">
    /// Element type of the transformer's and decoder's matrices. Null keeps the stored type for the transformer and float32 for the
    /// decoder. The encoder runs in float32. Int8 is refused.
    /// </param>
    /// <param name="withGenerator">False loads only the tokenizer.</param>
    /// <exception cref="NvgDataException">
    /// The folder or one of its files is missing, damaged or does not fit the config, or the type is int8.
    /// </exception>
    public static VarModel Load(
        string folder, Device device = default, ScalarType? type = ScalarType.Float32, bool withGenerator = true)
    {
        Int8Products.Refuse(type, folder);
        VarModelConfig config = ReadConfig(folder);
        string[] labels = ReadLabels(folder, config);
        VarTokenizer tokenizer = WeightFile.ReadModel(
            Path.Combine(folder, TokenizerFile), device, ScalarType.Float32,
            source => new VarTokenizer(config.Tokenizer, source, type), t => t.Parameters);
        try
        {
            VarTransformer? transformer = config.Transformer is { } sizes && withGenerator
                ? WeightFile.ReadModel(
                    Path.Combine(folder, TransformerFile), device, type, source => new VarTransformer(sizes, source), t => t.Parameters)
                : null;
            return new VarModel(folder, config, tokenizer, transformer, labels);
        }
        catch
        {
            tokenizer.Dispose();
            throw;
        }
    }

    /// <summary>Creates a model with random weights, as at the start of training, to benchmark sizes for which no weights exist.</summary>
    /// <param name="config">Its sizes.</param>
    /// <param name="seed">Determines the weights, regardless of type and device.</param>
    /// <param name="device">Device for the parameters.</param>
    /// <param name="type">Element type of the matrices of transformer and decoder; the encoder runs in float32.</param>
    /// <exception cref="ArgumentException">The sizes contradict each other.</exception>
    /// <exception cref="NvgDataException">The type is int8.</exception>
    public static VarModel Random(
        VarModelConfig config, ulong seed = 0, Device device = default, ScalarType type = ScalarType.Float32)
    {
        if (config.Validate().ToList() is { Count: > 0 } problems)
            throw new ArgumentException(string.Join("; ", problems));
        Int8Products.Refuse(type, config.Name);
        var tokenizer = new VarTokenizer(config.Tokenizer, ParameterSource.Random(seed, device), type);
        try
        {
            VarTransformer? transformer = config.Transformer is { } sizes
                ? new VarTransformer(sizes, ParameterSource.Random(SplitMix64.Mix(seed), device, type))
                : null;
            string[] labels = [.. Enumerable.Range(0, config.Transformer?.ClassCount ?? 0).Select(i => $"{i}")];
            return new VarModel("", config, tokenizer, transformer, labels);
        }
        catch
        {
            tokenizer.Dispose();
            throw;
        }
    }

    /// <summary>Writes a model folder. Each file is written atomically, the config last.</summary>
    /// <param name="folder">Created if it does not exist.</param>
    /// <param name="config">Sizes and default settings.</param>
    /// <param name="tokenizer">Parameters of the tokenizer.</param>
    /// <param name="transformer">Parameters of the transformer, or null.</param>
    /// <param name="labels">Names of the classes, as <see cref="ClassLabel"/> reads them.</param>
    /// <param name="type">
    /// Element type for storing matrices; null keeps their type. Vectors, codebook and positional tables are stored in float32.
    /// </param>
    public static void Save(
        string folder, VarModelConfig config, IReadOnlyDictionary<string, Tensor> tokenizer,
        IReadOnlyDictionary<string, Tensor>? transformer, IReadOnlyList<string> labels, ScalarType? type = ScalarType.Float32)
    {
        Directory.CreateDirectory(folder);
        // A process killed midway leaves a folder that cannot be loaded, rather than a mixture of two models.
        File.Delete(Path.Combine(folder, ConfigFile));
        SafetensorsFile.Write(Path.Combine(folder, TokenizerFile), tokenizer, typeOf: TypeOf);
        if (transformer is not null)
            SafetensorsFile.Write(Path.Combine(folder, TransformerFile), transformer, typeOf: TypeOf);
        else
            File.Delete(Path.Combine(folder, TransformerFile));
        ClassLabels.Write(Path.Combine(folder, LabelsFile), labels);
        AtomicFile.Write(Path.Combine(folder, ConfigFile), stream => JsonSerializer.Serialize(stream, config, NvgJson.Options));

        ScalarType TypeOf(string name, Tensor tensor) => StoredType(name, tensor, type);
    }

    /// <inheritdoc/>
    public string Fingerprint()
    {
        if (Folder.Length == 0)
            throw new InvalidOperationException($"{Config.Name} has random weights that are not stored in a file");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string file in new[] { TokenizerFile, TransformerFile }.Select(f => Path.Combine(Folder, f)).Where(File.Exists))
        {
            using FileStream stream = File.OpenRead(file);
            hash.AppendData(SHA256.HashData(stream));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The config of a model folder.</summary>
    /// <exception cref="NvgDataException">It is missing, or it does not describe a VAR model.</exception>
    internal static VarModelConfig ReadConfig(string folder)
    {
        ModelFolderFiles.Require(folder);
        string path = Path.Combine(folder, ConfigFile);
        VarModelConfig config = NvgJson.Read<VarModelConfig>(path);
        return config.Validate().ToList() is { Count: > 0 } problems
            ? throw new NvgDataException($"{path}: {string.Join("; ", problems)}")
            : config;
    }

    /// <summary>The lines of <c>labels.txt</c>.</summary>
    /// <exception cref="NvgDataException">They cannot be read, or their number differs from that of the transformer's classes.</exception>
    internal static string[] ReadLabels(string folder, VarModelConfig config)
    {
        string path = Path.Combine(folder, LabelsFile);
        return config.Transformer is null && !Path.Exists(path)
            ? [] : ClassLabels.Read(path, config.Transformer?.ClassCount, "transformer");
    }

    /// <summary>The files that hold the tensors of a model folder.</summary>
    internal static string[] TensorFiles(string folder, VarModelConfig config) =>
        [.. new[] { TokenizerFile, TransformerFile }.Take(config.Transformer is null ? 1 : 2).Select(file => Path.Combine(folder, file))];

    /// <summary>Element type in which a parameter is stored if matrices are stored as <paramref name="type"/>.</summary>
    /// <exception cref="ArgumentException">Matrices are not stored in this type.</exception>
    internal static ScalarType StoredType(string name, Tensor tensor, ScalarType? type)
    {
        Int8Products.RequireStorable(type);
        // Codes are compared by distance, so rounding them would change tokens. Vectors, and tables whose first dimension is one (per
        // position, head or kind of modulation), are used in float32.
        bool isTable = tensor.Rank > 2 && tensor.Size(0) == 1;
        return !tensor.ScalarType.IsFloatingPoint() ? tensor.ScalarType
            : tensor.Rank < 2 || isTable || name == Codebook ? ScalarType.Float32
            : type ?? tensor.ScalarType;
    }
}
