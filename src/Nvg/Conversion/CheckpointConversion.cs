using System.Text;
using System.Text.Json;
using Nvg.Checkpoints;
using Nvg.Configuration;
using Nvg.Generators;
using Nvg.Generators.Blocks;
using Nvg.Labels;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Files;
using Nvg.Torch.Files.PyTorch;
using Nvg.Torch.Nn;

namespace Nvg.Conversion;

/// <summary>Converts checkpoints in the published layout to model folders, and back.</summary>
public static class CheckpointConversion
{
    // Texts that this build stores next to the tensors of a checkpoint, so that converting back loses nothing.
    private const string ConfigEntry = "nvg_config", LabelsEntry = "nvg_labels";
    private const string CardFile = "README.md";

    /// <summary>
    /// Writes a model folder. Tensors are read and written one by one, and the config is written last, so a folder that loads is complete.
    /// </summary>
    /// <param name="files">Checkpoints with a tokenizer and optionally generators.</param>
    /// <param name="folder">Created if it does not exist; an existing model is replaced.</param>
    /// <param name="options">Which weights to use and how to store them.</param>
    /// <exception cref="NvgDataException">Names or shapes do not fit a model, or the folder cannot be written.</exception>
    public static ConversionReport ToFolder(CheckpointFiles files, string folder, ConversionOptions options)
    {
        CheckpointPart tokenizerPart = files.Find(CheckpointPartKind.Tokenizer, options.Weights)!;
        CheckpointPart? generatorPart = files.Find(CheckpointPartKind.Generator, options.Weights);
        if (!options.AllowUnexpected)
            files.RefuseUnexpected();
        try
        {
            ModelConfig config = Config(tokenizerPart, generatorPart, options);
            using var tokenizer = new Tokenizer(config.Tokenizer, ParameterSource.Meta());
            using NvgGenerator? generator = GeneratorShapes(config);
            using Tensor? positions = PositionIds(config);
            Dictionary<string, Tensor> tokenizerTensors = tokenizerPart.Select(tokenizer.Parameters, options.AllowUnexpected, options.Type);
            Dictionary<string, Tensor>? generatorTensors = generator is null
                ? null
                : SelectGenerator(generatorPart!, generator, positions!, options.AllowUnexpected, options.Type);
            string[] labels = generator is null ? [] : Labels(generatorPart!, generator.Config.ClassCount, options.LabelsFile);
            IEnumerable<CheckpointPart> parts = new[] { tokenizerPart, generatorPart }.OfType<CheckpointPart>();
            string[] notes = [.. files.Notes, .. TypeNotes(tokenizerTensors, generatorTensors, options.Type)];
            ConversionReport report = Report(
                folder, config, parts.Select(p => new ConversionSource(p.Kind, p.Path, p.IsAverage)), tokenizer, generator) with
            {
                Notes = notes,
            };
            NvgModel.Save(folder, config, tokenizerTensors, generatorTensors, labels, options.Type);
            AtomicFile.Write(Path.Combine(folder, CardFile), Encoding.UTF8.GetBytes(ModelCard.Write(report)));
            return report;
        }
        catch (TensorFileException error)
        {
            throw new NvgDataException(error.Message, error);
        }
        catch (Exception error) when (FileFailure.IsFileError(error))
        {
            throw new NvgDataException(FileFailure.Unwritable(folder, error).Message, error);
        }
    }

    /// <summary>
    /// Writes a model folder as one PyTorch file in the published layout, with config and labels stored as text next to the tensors.
    /// </summary>
    /// <param name="folder">The model folder.</param>
    /// <param name="path">The file to write; replaced if it exists, left unchanged if anything fails.</param>
    /// <param name="type">Element type to store matrices in, or null to keep it.</param>
    /// <exception cref="NvgDataException">The folder does not contain a model, or the file cannot be written.</exception>
    public static ConversionReport ToCheckpoint(string folder, string path, ScalarType? type = null)
    {
        ModelConfig config = NvgModel.ReadConfig(folder);
        var texts = new Dictionary<string, object>
        {
            [ConfigEntry] = NvgJson.Write(config),
            [LabelsEntry] = string.Join('\n', NvgModel.ReadLabels(folder, config)),
        };
        // Reads the files instead of a loaded model, because the tokenizer of a loaded model is always float32.
        using CheckpointFiles files = CheckpointFiles.Open(NvgModel.TensorFiles(folder, config));
        using var tokenizer = new Tokenizer(config.Tokenizer, ParameterSource.Meta());
        using NvgGenerator? generator = GeneratorShapes(config);
        using Tensor? positions = PositionIds(config);
        Dictionary<string, Tensor> generatorTensors = generator is null
            ? []
            : SelectGenerator(PartOf(files, CheckpointPartKind.Generator, folder), generator, positions!, allowUnexpected: false, type);
        IEnumerable<KeyValuePair<string, Tensor>> tensors =
            [.. PartOf(files, CheckpointPartKind.Tokenizer, folder).Select(tokenizer.Parameters, allowUnexpected: false, type),
             .. generatorTensors.Select(p => KeyValuePair.Create(PublishedNames.GeneratorPrefix + p.Key, p.Value))];
        try
        {
            PyTorchFile.Write(path, tensors, texts, (name, tensor) => NvgModel.StoredType(name, tensor, type));
        }
        catch (Exception error) when (FileFailure.IsFileError(error))
        {
            throw new NvgDataException(FileFailure.Unwritable(path, error).Message, error);
        }

        IEnumerable<CheckpointPartKind> parts = Enum.GetValues<CheckpointPartKind>().Take(generator is null ? 1 : 2);
        return Report(path, config, parts.Select(kind => new ConversionSource(kind, folder, false)), tokenizer, generator);
    }

    // Models without allocated memory; only names and shapes are used.
    private static NvgGenerator? GeneratorShapes(ModelConfig config) =>
        config.Generator is { } sizes ? new NvgGenerator(sizes, ParameterSource.Meta()) : null;

    private static Tensor? PositionIds(ModelConfig config) =>
        config.Generator is { } sizes ? new RotaryEmbedding(sizes.Grid, sizes.HeadSize).PositionIds() : null;

    private static ConversionReport Report(
        string output, ModelConfig config, IEnumerable<ConversionSource> sources, Tokenizer tokenizer, NvgGenerator? generator) => new(
        output, config.Name, config.Tokenizer, config.Generator, [.. sources],
        CountParameters(tokenizer.Parameters, generator?.Parameters));

    // Types that this program does not use for computation.
    private static IEnumerable<string> TypeNotes(
        IReadOnlyDictionary<string, Tensor> tokenizer, IReadOnlyDictionary<string, Tensor>? generator, ScalarType? type) =>
        tokenizer.Concat(generator ?? new Dictionary<string, Tensor>())
            .Where(p => type is null && p.Value.Rank > 1 && p.Value.ScalarType is ScalarType.Float16 or ScalarType.Float64)
            .GroupBy(p => p.Value.ScalarType)
            .Select(group => $"{group.Count()} matrices of {group.Key.ToString().ToLowerInvariant()} are stored as float32");

    private static CheckpointPart PartOf(CheckpointFiles files, CheckpointPartKind kind, string folder) =>
        files.Find(kind, WeightChoice.Plain)
        ?? throw NvgDataException.At(folder, $"its files hold no {kind.ToString().ToLowerInvariant()}, although its config has one");

    private static ModelConfig? StoredConfig(CheckpointPart part)
    {
        if (part.TextOf(ConfigEntry) is not { } json)
            return null;
        try
        {
            ModelConfig config = JsonSerializer.Deserialize<ModelConfig>(json, NvgJson.Options) ?? throw new JsonException("it is null");
            return config.Validate().OneLine() is { } problems ? throw new JsonException(problems) : config;
        }
        catch (JsonException error)
        {
            string reason = error.Message.ReplaceLineEndings(" ");
            throw NvgDataException.At(part.Path, $"its entry '{ConfigEntry}' is not a valid model config: {reason}", null, error);
        }
    }

    private static ModelConfig Config(CheckpointPart tokenizerPart, CheckpointPart? generatorPart, ConversionOptions options)
    {
        ModelConfig? ofTokenizer = StoredConfig(tokenizerPart);
        ModelConfig? stored = generatorPart is null ? ofTokenizer : StoredConfig(generatorPart);
        TokenizerConfig tokenizer = ofTokenizer?.Tokenizer ?? InferredSizes.Tokenizer(tokenizerPart);
        GeneratorConfig? generator = generatorPart is null ? null : stored?.Generator ?? InferredSizes.Generator(generatorPart);
        string file = (generatorPart ?? tokenizerPart).Path;
        if (options.Preset is { } preset && PresetMatch.Differences(tokenizer, generator, preset).OneLine() is { } differences)
            throw NvgDataException.At(file, $"its sizes are not those of {preset.Name}: {differences}");
        string name = options.Name ?? stored?.Name ?? PresetMatch.Find(tokenizer, generator)?.Name
            ?? CheckpointParts.NameOf(file);
        ModelConfig config = stored ?? new ModelConfig { Name = name, Tokenizer = tokenizer };
        config = config with { Name = name, Tokenizer = tokenizer, Generator = generator };
        config.Validate().ThrowIfAny(file);
        return config;
    }

    // The table of positions follows from the sizes; a different table belongs to a different kind of model.
    private static Dictionary<string, Tensor> SelectGenerator(
        CheckpointPart part, NvgGenerator generator, Tensor positions, bool allowUnexpected, ScalarType? type)
    {
        Dictionary<string, Tensor> tensors = part.Select(generator.Parameters, allowUnexpected, type);
        if (tensors.TryGetValue(PublishedNames.PositionIds, out Tensor? stored))
        {
            using Tensor widened = stored.To(ScalarType.Float32);
            if (!widened.ToArray<float>().AsSpan().SequenceEqual(positions.ToArray<float>()))
            {
                throw NvgDataException.At(
                    part.Path, $"'{PublishedNames.PositionIds}' does not fit a latent grid of {generator.Config.Grid}");
            }
        }

        if (stored is null || !stored.ScalarType.IsFloatingPoint())
            tensors[PublishedNames.PositionIds] = positions;
        return tensors;
    }

    private static string[] Labels(CheckpointPart part, int classCount, string? path)
    {
        if (path is not null)
            return ClassLabels.Read(path, classCount, "generator");
        if (part.TextOf(LabelsEntry)?.Split('\n') is not { } stored || stored.Length != classCount)
            return ClassLabels.Default(classCount);
        // A line break in a name would shift the names of all following classes.
        int bad = Array.FindIndex(stored, label => label.Any(char.IsControl));
        return bad < 0 ? stored : throw NvgDataException.At(
            part.Path, $"in its entry '{LabelsEntry}' the name of class {bad} has a control character", "give the names in a labels file");
    }

    internal static Dictionary<string, long> CountParameters(ParameterStore tokenizer, ParameterStore? generator)
    {
        var counts = new Dictionary<string, long>();
        foreach (string group in new[] { "encoder", "decoder", "quantize" })
            counts[group == "quantize" ? "quantizer" : group] = Count(tokenizer, n => n.StartsWith(group + ".", StringComparison.Ordinal));
        if (generator is not null)
        {
            counts["structure"] = Count(generator, IsStructure);
            counts["content"] = Count(generator, n => !IsStructure(n));
        }

        return counts;

        static bool IsStructure(string name) => name.StartsWith("structure_", StringComparison.Ordinal);

        static long Count(ParameterStore store, Func<string, bool> belongs) =>
            store.TrainableNames.Where(belongs).Sum(n => store[n].ElementCount);
    }
}
