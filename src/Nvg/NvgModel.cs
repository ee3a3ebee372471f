using System.Security.Cryptography;
using System.Text.Json;
using Nvg.Checkpoints;
using Nvg.Conditioning;
using Nvg.Configuration;
using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Labels;
using Nvg.Sampling;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Files;
using Nvg.Torch.Files.Safetensors;
using Nvg.Torch.Nn;

namespace Nvg;

/// <summary>
/// A model folder: <c>config.json</c>, <c>tokenizer.safetensors</c>, <c>generator.safetensors</c> (absent for a tokenizer
/// alone), <c>labels.txt</c> and a model card. Owns tokenizer and generators.
/// </summary>
public sealed class NvgModel : IDisposable
{
    private const string ConfigFile = "config.json";
    private const string TokenizerFile = "tokenizer.safetensors";
    private const string GeneratorFile = "generator.safetensors";
    private const string LabelsFile = "labels.txt";

    private readonly NvgGenerator? _generator;

    private NvgModel(string folder, ModelConfig config, Tokenizer tokenizer, NvgGenerator? generator, IReadOnlyList<string> labels)
    {
        Folder = folder;
        Config = config;
        Tokenizer = tokenizer;
        _generator = generator;
        Labels = labels;
    }

    /// <summary>Where the model was read from; empty for one of random weights.</summary>
    public string Folder { get; }

    /// <summary>Sizes and default settings.</summary>
    public ModelConfig Config { get; }

    /// <summary>Images to sequences and back.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>Both generators.</summary>
    /// <exception cref="NvgDataException">The folder holds a tokenizer alone.</exception>
    public NvgGenerator Generator => RequireGenerator();

    /// <summary>Whether the folder has generators.</summary>
    public bool HasGenerator => _generator is not null;

    /// <summary>Both generators, asked for before work is begun that needs them.</summary>
    /// <exception cref="NvgDataException">The folder holds a tokenizer alone.</exception>
    public NvgGenerator RequireGenerator() => _generator
        ?? throw NvgDataException.At(Folder.Length > 0 ? Folder : Config.Name, "holds a tokenizer without generator: it reconstructs, but does not generate", "train one with nvg train generator");

    /// <summary>What the classes are called, by number: lines that <see cref="ClassLabel"/> reads.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>Reads a model folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="device">Where the parameters go.</param>
    /// <param name="type">Element type of the matrices of generators and decoder; null keeps the stored one in generators and float32 in the decoder. The encoder runs in float32.</param>
    /// <param name="withGenerator">False reads the tokenizer alone.</param>
    /// <exception cref="NvgDataException">The folder or one of its files is missing, damaged or does not fit the config.</exception>
    public static NvgModel Load(string folder, Device device = default, ScalarType? type = null, bool withGenerator = true)
    {
        ModelConfig config = ReadConfig(folder);
        string[] labels = ReadLabels(folder, config);
        Tokenizer tokenizer = WeightFile.ReadModel(Path.Combine(folder, TokenizerFile), device, ScalarType.Float32, source => new Tokenizer(config.Tokenizer, source, type), t => t.Parameters);
        try
        {
            NvgGenerator? generator = config.Generator is { } sizes && withGenerator
                ? WeightFile.ReadModel(Path.Combine(folder, GeneratorFile), device, type, source => new NvgGenerator(sizes, source), g => g.Parameters)
                : null;
            return new NvgModel(folder, config, tokenizer, generator, labels);
        }
        catch
        {
            tokenizer.Dispose();
            throw;
        }
    }

    /// <summary>A model of random weights, as training would start it: to time sizes that there are no weights for.</summary>
    /// <param name="config">Its sizes.</param>
    /// <param name="seed">Decides the weights, whatever the type and the device.</param>
    /// <param name="device">Where the parameters go.</param>
    /// <param name="type">Element type of the matrices of generators and decoder; the encoder runs in float32.</param>
    /// <param name="scaleFactors">Normalisers of the canvases, K + 2 of them, or null for ones.</param>
    /// <exception cref="ArgumentException">The sizes contradict each other, or there is another number of scale factors.</exception>
    public static NvgModel Random(
        ModelConfig config, ulong seed = 0, Device device = default, ScalarType type = ScalarType.Float32, IReadOnlyList<double>? scaleFactors = null)
    {
        if (config.Validate().ToList() is { Count: > 0 } problems)
            throw new ArgumentException(string.Join("; ", problems));
        var tokenizer = new Tokenizer(config.Tokenizer, ParameterSource.Random(seed, device), type);
        NvgGenerator? generator = null;
        try
        {
            if (config.Generator is { } sizes)
            {
                generator = new NvgGenerator(sizes, ParameterSource.Random(SplitMix64.Mix(seed), device, type));
                if (scaleFactors is not null)
                    SetScaleFactors(generator, scaleFactors);
            }

            string[] labels = [.. Enumerable.Range(0, config.Generator?.ClassCount ?? 0).Select(i => $"{i}")];
            return new NvgModel("", config, tokenizer, generator, labels);
        }
        catch
        {
            generator?.Dispose();
            tokenizer.Dispose();
            throw;
        }
    }

    /// <summary>Writes a model folder: files one by one, the config last, each whole or not at all.</summary>
    /// <param name="folder">Made if it does not exist.</param>
    /// <param name="config">Sizes and default settings.</param>
    /// <param name="tokenizer">Parameters of the tokenizer.</param>
    /// <param name="generator">Parameters of the generators, or null.</param>
    /// <param name="labels">What the classes are called, as <see cref="ClassLabel"/> reads it.</param>
    /// <param name="type">Element type to store matrices in, converted one by one as they are written; null keeps theirs. Vectors and codebook are float32.</param>
    public static void Save(
        string folder, ModelConfig config, IReadOnlyDictionary<string, Tensor> tokenizer, IReadOnlyDictionary<string, Tensor>? generator,
        IReadOnlyList<string> labels, ScalarType? type = ScalarType.Float32)
    {
        if (generator is ParameterStore { IsRearranged: true })
            throw new InvalidOperationException("a model that is packed for sampling cannot be saved: load it again");
        Directory.CreateDirectory(folder);
        // A kill midway leaves a folder that does not load, rather than a mixture of two models.
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

    /// <summary>SHA-256 over the weights, to tell models apart.</summary>
    /// <exception cref="InvalidOperationException">The weights are random and in no file.</exception>
    public string Fingerprint()
    {
        if (Folder.Length == 0)
            throw new InvalidOperationException($"{Config.Name} has random weights, which no file holds");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string file in new[] { TokenizerFile, GeneratorFile }.Select(f => Path.Combine(Folder, f)).Where(File.Exists))
        {
            using FileStream stream = File.OpenRead(file);
            hash.AppendData(SHA256.HashData(stream));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Draws images: sequences by the generation loop, images by the decoder.</summary>
    /// <param name="classes">Class of each image.</param>
    /// <param name="seeds">Seed of each image; it decides the image alone.</param>
    /// <param name="options">Settings; null for the model's own.</param>
    /// <param name="given">What is fixed of the sequences.</param>
    /// <param name="observer">Sees every stage as it is done.</param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    /// <returns>The sequences and the images (B × 3 × H × W in [−1, 1]); both belong to the caller.</returns>
    public (GranularitySequence Sequence, Tensor Images) Generate(
        IReadOnlyList<int> classes, IReadOnlyList<ulong> seeds, SamplingOptions? options = null, GivenStages? given = null,
        Action<StageResult>? observer = null, CancellationToken cancellation = default)
    {
        if (classes.Count != seeds.Count)
            throw new ArgumentException($"{classes.Count} classes and {seeds.Count} seeds were given");
        using ImageNoise noise = ImageNoise.FromSeeds(seeds, Generator.Config.Grid, Generator.Device);
        (GranularitySequence sequence, Tensor canvas_BLC) = new NvgSampler(Generator, Tokenizer.Quantizer)
            .Sample(classes, noise, options ?? Config.Sampling, given, observer, cancellation: cancellation);
        using (canvas_BLC)
            return (sequence, Tokenizer.Decode(canvas_BLC));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Tokenizer.Dispose();
        _generator?.Dispose();
    }

    private static void SetScaleFactors(NvgGenerator generator, IReadOnlyList<double> factors)
    {
        using Tensor given = Tensor.From([.. factors.Select(f => (float)f)], factors.Count);
        if (factors.Count != generator.Content.ScaleFactors.ElementCount)
            throw new ArgumentException($"{factors.Count} scale factors were given, the generator has {generator.Content.ScaleFactors.ElementCount}");
        generator.Content.ScaleFactors.CopyFrom(given);
    }

    /// <summary>The config of a model folder.</summary>
    /// <exception cref="NvgDataException">There is none, or it is of no model.</exception>
    internal static ModelConfig ReadConfig(string folder)
    {
        if (!Directory.Exists(folder))
            throw new NvgDataException($"no model folder at {folder}");
        if (!File.Exists(Path.Combine(folder, TokenizerFile)))
            throw NvgDataException.At(folder, $"is no model folder: it has no {TokenizerFile}");
        ModelConfig config = NvgJson.Read<ModelConfig>(Path.Combine(folder, ConfigFile));
        return config.Validate().ToList() is { Count: > 0 } problems
            ? throw new NvgDataException($"{Path.Combine(folder, ConfigFile)}: {string.Join("; ", problems)}")
            : config;
    }

    /// <summary>The files that hold the tensors of a model folder.</summary>
    internal static string[] TensorFiles(string folder, ModelConfig config) =>
        [.. new[] { TokenizerFile, GeneratorFile }.Take(config.Generator is null ? 1 : 2).Select(file => Path.Combine(folder, file))];

    /// <summary>What the classes of a model folder are called.</summary>
    /// <exception cref="NvgDataException">They cannot be read, or are others than the generator's in number.</exception>
    internal static string[] ReadLabels(string folder, ModelConfig config)
    {
        string path = Path.Combine(folder, LabelsFile);
        return config.Generator is null && !Path.Exists(path) ? [] : ClassLabels.Read(path, config.Generator?.ClassCount, "generator");
    }

    /// <summary>Element type that a parameter is stored in where matrices are stored in <paramref name="type"/>.</summary>
    internal static ScalarType StoredType(string name, Tensor tensor, ScalarType? type)
    {
        if (!tensor.ScalarType.IsFloatingPoint())
            return tensor.ScalarType;
        // Codes are compared by distance: rounding them would move tokens. Vectors cost nothing.
        return tensor.Rank < 2 || name == PublishedNames.Codebook ? ScalarType.Float32 : type ?? tensor.ScalarType;
    }
}
