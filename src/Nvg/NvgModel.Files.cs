using System.Security.Cryptography;
using System.Text.Json;
using Nvg.Checkpoints;
using Nvg.Configuration;
using Nvg.Generators;
using Nvg.Labels;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Files;
using Nvg.Torch.Files.Safetensors;
using Nvg.Torch.Nn;

namespace Nvg;

/// <content>
/// The model folder: <c>config.json</c>, <c>tokenizer.safetensors</c>, <c>generator.safetensors</c> (absent for a tokenizer
/// alone), <c>labels.txt</c> and a model card.
/// </content>
public sealed partial class NvgModel
{
    internal const string ConfigFile = "config.json";
    private const string TokenizerFile = ModelFolderFiles.Tokenizer;
    private const string GeneratorFile = "generator.safetensors";
    private const string LabelsFile = "labels.txt";

    /// <summary>Reads a model folder on the calling thread. Does not change the number of threads of the process.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="device">Device for the parameters.</param>
    /// <param name="type">
    /// Element type of the generators' and decoder's matrices. Null keeps the stored type for the generators and float32 for the decoder.
    /// The encoder runs in float32. <see cref="ScalarType.Int8"/> is for the products of the generators' blocks on a CPU; the decoder is
    /// then bfloat16.
    /// </param>
    /// <param name="withGenerator">False loads only the tokenizer.</param>
    /// <exception cref="NvgDataException">
    /// The folder or one of its files is missing, damaged or does not fit the config; or int8 is not possible here.
    /// </exception>
    public static NvgModel Load(
        string folder, Device device = default, ScalarType? type = ScalarType.Float32, bool withGenerator = true)
    {
        ModelConfig config = ReadConfig(folder);
        Int8Products.Require(type, withGenerator ? config.Generator : null, device, folder);
        string[] labels = ReadLabels(folder, config);
        Tokenizer tokenizer = WeightFile.ReadModel(
            Path.Combine(folder, TokenizerFile), device, ScalarType.Float32,
            source => new Tokenizer(config.Tokenizer, source, Int8Products.MatrixType(type)), t => t.Parameters);
        try
        {
            GeneratorWeights? generators = config.Generator is { } sizes && withGenerator
                ? ReadGenerators(Path.Combine(folder, GeneratorFile), sizes, device, type)
                : null;
            return new NvgModel(folder, config, tokenizer, generators, labels);
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
    /// <param name="type">
    /// Element type of the matrices of generators and decoder; the encoder runs in float32. Int8 as in <see cref="Load"/>.
    /// </param>
    /// <param name="scaleFactors">Scale factors of the canvases, K + 2 values, or null for ones.</param>
    /// <exception cref="ArgumentException">The sizes contradict each other, or the number of scale factors is wrong.</exception>
    /// <exception cref="NvgDataException">Int8 is not possible here.</exception>
    public static NvgModel Random(
        ModelConfig config, ulong seed = 0, Device device = default, ScalarType type = ScalarType.Float32,
        IReadOnlyList<double>? scaleFactors = null)
    {
        if (config.Validate().ToList() is { Count: > 0 } problems)
            throw new ArgumentException(string.Join("; ", problems));
        Int8Products.Require(type, config.Generator, device, config.Name);
        ScalarType matrices = Int8Products.MatrixType(type)!.Value;
        var tokenizer = new Tokenizer(config.Tokenizer, ParameterSource.Random(seed, device), matrices);
        try
        {
            NvgGenerator Draw() => RandomGenerators(config.Generator, SplitMix64.Mix(seed), device, matrices, scaleFactors);
            string[] labels = [.. Enumerable.Range(0, config.Generator?.ClassCount ?? 0).Select(i => $"{i}")];
            GeneratorWeights? generators =
                config.Generator is null ? null : new GeneratorWeights(Draw(), Draw, type == ScalarType.Int8);
            return new NvgModel("", config, tokenizer, generators, labels);
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
    /// <param name="generator">Parameters of the generators, or null.</param>
    /// <param name="labels">Names of the classes, as <see cref="ClassLabel"/> reads them.</param>
    /// <param name="type">
    /// Element type for storing matrices, which are converted one by one while writing; null keeps their type. Vectors and codebook are
    /// stored in float32.
    /// </param>
    public static void Save(
        string folder, ModelConfig config, IReadOnlyDictionary<string, Tensor> tokenizer, IReadOnlyDictionary<string, Tensor>? generator,
        IReadOnlyList<string> labels, ScalarType? type = ScalarType.Float32)
    {
        Directory.CreateDirectory(folder);
        // A process killed midway leaves a folder that cannot be loaded, rather than a mixture of two models.
        File.Delete(Path.Combine(folder, ConfigFile));
        SafetensorsFile.Write(Path.Combine(folder, TokenizerFile), tokenizer, typeOf: TypeOf);
        if (generator is not null)
            SafetensorsFile.Write(Path.Combine(folder, GeneratorFile), generator, typeOf: TypeOf);
        else
            File.Delete(Path.Combine(folder, GeneratorFile));
        ClassLabels.Write(Path.Combine(folder, LabelsFile), labels);
        AtomicFile.Write(Path.Combine(folder, ConfigFile), stream => JsonSerializer.Serialize(stream, config, NvgJson.Options));

        ScalarType TypeOf(string name, Tensor tensor) => StoredType(name, tensor, type);
    }

    /// <summary>SHA-256 of the weights, which identifies the model.</summary>
    /// <exception cref="InvalidOperationException">The weights are random and not stored in a file.</exception>
    public string Fingerprint()
    {
        if (Folder.Length == 0)
            throw new InvalidOperationException($"{Config.Name} has random weights that are not stored in a file");
        return FingerprintOf(Folder);
    }

    /// <summary>SHA-256 of the weights in a model folder (see <see cref="Fingerprint"/>).</summary>
    internal static string FingerprintOf(string folder)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string file in new[] { TokenizerFile, GeneratorFile }.Select(f => Path.Combine(folder, f)).Where(File.Exists))
        {
            using FileStream stream = File.OpenRead(file);
            hash.AppendData(SHA256.HashData(stream));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static GeneratorWeights ReadGenerators(string path, GeneratorConfig sizes, Device device, ScalarType? type)
    {
        NvgGenerator Read() => WeightFile.ReadModel(
            path, device, Int8Products.MatrixType(type), source => new NvgGenerator(sizes, source), g => g.Parameters);
        NvgGenerator generator = Read();
        (DateTime time, long length) = (File.GetLastWriteTimeUtc(path), new FileInfo(path).Length);
        return new GeneratorWeights(generator, () => File.GetLastWriteTimeUtc(path) == time && new FileInfo(path).Length == length
            ? Read()
            : throw NvgDataException.At(path, "was replaced after the model was loaded", "load the model again"), type == ScalarType.Int8);
    }

    private static NvgGenerator RandomGenerators(
        GeneratorConfig? sizes, ulong seed, Device device, ScalarType type, IReadOnlyList<double>? scaleFactors)
    {
        var generator = new NvgGenerator(sizes!, ParameterSource.Random(seed, device, type));
        try
        {
            if (scaleFactors is not null)
                SetScaleFactors(generator, scaleFactors);
            return generator;
        }
        catch
        {
            generator.Dispose();
            throw;
        }
    }

    private static void SetScaleFactors(NvgGenerator generator, IReadOnlyList<double> factors)
    {
        using Tensor given = Tensor.From([.. factors.Select(f => (float)f)], factors.Count);
        if (factors.Count != generator.Content.ScaleFactors.ElementCount)
        {
            throw new ArgumentException(
                $"{factors.Count} scale factors were given, the generator has {generator.Content.ScaleFactors.ElementCount}");
        }

        generator.Content.ScaleFactors.CopyFrom(given);
    }

    /// <summary>The config of a model folder.</summary>
    /// <exception cref="NvgDataException">It is missing, or it does not describe a model.</exception>
    internal static ModelConfig ReadConfig(string folder)
    {
        ModelFolderFiles.Require(folder);
        if (ModelMethod.Of(folder) is var method and not ModelMethod.Nvg)
            throw NvgDataException.At(folder, $"holds a model of the method '{method}'", "this needs an NVG model");
        ModelConfig config = NvgJson.Read<ModelConfig>(Path.Combine(folder, ConfigFile));
        return config.Validate().ToList() is { Count: > 0 } problems
            ? throw new NvgDataException($"{Path.Combine(folder, ConfigFile)}: {string.Join("; ", problems)}")
            : config;
    }

    /// <summary>The files that hold the tensors of a model folder.</summary>
    internal static string[] TensorFiles(string folder, ModelConfig config) =>
        [.. new[] { TokenizerFile, GeneratorFile }.Take(config.Generator is null ? 1 : 2).Select(file => Path.Combine(folder, file))];

    /// <summary>The lines of <c>labels.txt</c>.</summary>
    /// <exception cref="NvgDataException">They cannot be read, or their number differs from that of the generator's classes.</exception>
    internal static string[] ReadLabels(string folder, ModelConfig config)
    {
        string path = Path.Combine(folder, LabelsFile);
        return config.Generator is null && !Path.Exists(path) ? [] : ClassLabels.Read(path, config.Generator?.ClassCount, "generator");
    }

    /// <summary>Element type in which a parameter is stored if matrices are stored as <paramref name="type"/>.</summary>
    /// <exception cref="ArgumentException">Matrices are not stored in this type.</exception>
    internal static ScalarType StoredType(string name, Tensor tensor, ScalarType? type)
    {
        Int8Products.RequireStorable(type);
        if (!tensor.ScalarType.IsFloatingPoint())
            return tensor.ScalarType;
        // Codes are compared by distance, so rounding them would change tokens. Vectors need little memory. Models compute in float32 and
        // bfloat16, so other types are stored as float32.
        bool isComputedWith = tensor.ScalarType is ScalarType.Float32 or ScalarType.BFloat16;
        return tensor.Rank < 2 || name == PublishedNames.Codebook ? ScalarType.Float32
            : type ?? (isComputedWith ? tensor.ScalarType : ScalarType.Float32);
    }
}
