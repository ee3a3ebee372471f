using System.Text;
using System.Text.Json;
using Nvg.Checkpoints;
using Nvg.Configuration;
using Nvg.Generators;
using Nvg.Labels;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Files;
using Nvg.Torch.Files.PyTorch;
using Nvg.Torch.Nn;

namespace Nvg.Conversion;

/// <summary>Checkpoints in the published layout to model folders, and back.</summary>
public static class CheckpointConversion
{
    // Texts beside the tensors of checkpoints that this build writes, so that nothing of a folder is lost.
    private const string ConfigEntry = "nvg_config", LabelsEntry = "nvg_labels";
    private const string CardFile = "README.md";

    /// <summary>Writes a model folder. Tensors are read and written one by one; the config comes last, so a folder that loads is whole.</summary>
    /// <param name="files">Checkpoints with a tokenizer and perhaps generators.</param>
    /// <param name="folder">Made if it does not exist; a model that is there is replaced.</param>
    /// <param name="options">Which weights, in what form.</param>
    /// <exception cref="NvgDataException">Names or shapes are not those of a model, or the folder cannot be written.</exception>
    public static ConversionReport ToFolder(CheckpointFiles files, string folder, ConversionOptions options)
    {
        CheckpointPart tokenizerPart = files.Find(CheckpointPartKind.Tokenizer, options.Weights)!;
        CheckpointPart? generatorPart = files.Find(CheckpointPartKind.Generator, options.Weights);
        if (!options.AllowUnexpected)
            files.RefuseUnexpected();
        try
        {
            ModelConfig config = Config(files, tokenizerPart, generatorPart, options);
            using var tokenizer = new Tokenizer(config.Tokenizer, ParameterSource.Meta());
            using NvgGenerator? generator = config.Generator is { } sizes ? new NvgGenerator(sizes, ParameterSource.Meta()) : null;
            Dictionary<string, Tensor> tokenizerTensors = tokenizerPart.Select(tokenizer.Parameters, options.AllowUnexpected);
            using Tensor? positions = config.Generator is { } g ? new RotaryEmbedding(g.Grid, g.HeadSize).PositionIds() : null;
            Dictionary<string, Tensor>? generatorTensors = generator is null ? null : SelectGenerator(generatorPart!, generator, positions!, options.AllowUnexpected);
            string[] labels = config.Generator is null ? [] : Labels(files, generatorPart!, config.Generator.ClassCount, options.LabelsFile);
            ConversionSource[] sources = [.. new[] { tokenizerPart, generatorPart }.OfType<CheckpointPart>().Select(p => new ConversionSource(p.Kind, p.Path, p.IsAverage))];
            var report = new ConversionReport(folder, config.Name, config.Tokenizer, config.Generator, sources, CountParameters(tokenizer.Parameters, generator?.Parameters));
            NvgModel.Save(folder, config, tokenizerTensors, generatorTensors, labels, options.Type);
            AtomicFile.Write(Path.Combine(folder, CardFile), Encoding.UTF8.GetBytes(ModelCard.Write(report)));
            return report;
        }
        catch (TensorFileException error)
        {
            throw new NvgDataException(error.Message, error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw NvgDataException.At(folder, $"it cannot be written: {error.Message}", null, error);
        }
    }

    /// <summary>Writes a model folder as one PyTorch file in the published layout, with config and labels as texts beside the tensors.</summary>
    /// <param name="folder">The model.</param>
    /// <param name="path">Replaced if it exists; untouched if anything fails.</param>
    /// <param name="type">Element type to store matrices in; null keeps theirs.</param>
    /// <exception cref="NvgDataException">The folder holds no model, or the file cannot be written.</exception>
    public static ConversionReport ToCheckpoint(string folder, string path, ScalarType? type = null)
    {
        ModelConfig config = NvgModel.ReadConfig(folder);
        var texts = new Dictionary<string, object> { [ConfigEntry] = NvgJson.Write(config), [LabelsEntry] = string.Join('\n', NvgModel.ReadLabels(folder, config)) };
        // Out of the files themselves: a loaded model has its tokenizer in float32, however it is stored.
        using CheckpointFiles files = CheckpointFiles.Open(NvgModel.TensorFiles(folder, config));
        using var tokenizer = new Tokenizer(config.Tokenizer, ParameterSource.Meta());
        using NvgGenerator? generator = config.Generator is { } sizes ? new NvgGenerator(sizes, ParameterSource.Meta()) : null;
        using Tensor? positions = config.Generator is { } g ? new RotaryEmbedding(g.Grid, g.HeadSize).PositionIds() : null;
        Dictionary<string, Tensor> generatorTensors = generator is null ? [] : SelectGenerator(PartOf(files, CheckpointPartKind.Generator, folder), generator, positions!, allowUnexpected: false);
        IEnumerable<KeyValuePair<string, Tensor>> tensors =
            [.. PartOf(files, CheckpointPartKind.Tokenizer, folder).Select(tokenizer.Parameters, allowUnexpected: false),
             .. generatorTensors.Select(p => KeyValuePair.Create(PublishedNames.GeneratorPrefix + p.Key, p.Value))];
        try
        {
            PyTorchFile.Write(path, tensors, texts, (name, tensor) => NvgModel.StoredType(name, tensor, type));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw NvgDataException.At(path, $"it cannot be written: {error.Message}", null, error);
        }

        ConversionSource[] sources = [.. Enum.GetValues<CheckpointPartKind>().Take(generator is null ? 1 : 2).Select(kind => new ConversionSource(kind, folder, false))];
        return new ConversionReport(path, config.Name, config.Tokenizer, config.Generator, sources, CountParameters(tokenizer.Parameters, generator?.Parameters));
    }

    private static CheckpointPart PartOf(CheckpointFiles files, CheckpointPartKind kind, string folder) =>
        files.Find(kind, WeightChoice.Plain) ?? throw NvgDataException.At(folder, $"its files hold no {kind.ToString().ToLowerInvariant()}, which its config has");

    private static ModelConfig? StoredConfig(CheckpointFiles files, CheckpointPart part)
    {
        if (files.TextOf(part, ConfigEntry) is not { } json)
            return null;
        try
        {
            ModelConfig config = JsonSerializer.Deserialize<ModelConfig>(json, NvgJson.Options) ?? throw new JsonException("it is null");
            return string.Join("; ", config.Validate()) is { Length: > 0 } problems ? throw new JsonException(problems) : config;
        }
        catch (JsonException error)
        {
            throw NvgDataException.At(part.Path, $"its entry '{ConfigEntry}' is no config of a model: {error.Message.ReplaceLineEndings(" ")}", null, error);
        }
    }

    private static ModelConfig Config(CheckpointFiles files, CheckpointPart tokenizerPart, CheckpointPart? generatorPart, ConversionOptions options)
    {
        ModelConfig? ofTokenizer = StoredConfig(files, tokenizerPart), stored = generatorPart is null ? ofTokenizer : StoredConfig(files, generatorPart);
        TokenizerConfig tokenizer = ofTokenizer?.Tokenizer ?? InferredSizes.Tokenizer(tokenizerPart);
        GeneratorConfig? generator = generatorPart is null ? null : stored?.Generator ?? InferredSizes.Generator(generatorPart);
        string file = (generatorPart ?? tokenizerPart).Path;
        if (options.Preset is { } preset && string.Join("; ", PresetMatch.Differences(tokenizer, generator, preset)) is { Length: > 0 } differences)
            throw NvgDataException.At(file, $"its sizes are not those of {preset.Name}: {differences}");
        string name = options.Name ?? stored?.Name ?? PresetMatch.Find(tokenizer, generator)?.Name ?? Path.GetFileNameWithoutExtension(file);
        ModelConfig config = (stored ?? new ModelConfig { Name = name, Tokenizer = tokenizer }) with { Name = name, Tokenizer = tokenizer, Generator = generator };
        return string.Join("; ", config.Validate()) is { Length: > 0 } problems ? throw NvgDataException.At(file, problems) : config;
    }

    // The table of positions is fixed by the sizes: one that differs belongs to another kind of model.
    private static Dictionary<string, Tensor> SelectGenerator(CheckpointPart part, NvgGenerator generator, Tensor positions, bool allowUnexpected)
    {
        Dictionary<string, Tensor> tensors = part.Select(generator.Parameters, allowUnexpected);
        if (tensors.TryGetValue(PublishedNames.PositionIds, out Tensor? stored))
        {
            using Tensor widened = stored.To(ScalarType.Float32);
            if (!widened.ToArray<float>().AsSpan().SequenceEqual(positions.ToArray<float>()))
                throw NvgDataException.At(part.Path, $"the positions in '{PublishedNames.PositionIds}' are not those of a latent of {generator.Config.LatentHeight} × {generator.Config.LatentWidth}");
        }

        if (stored is null || !stored.ScalarType.IsFloatingPoint())
            tensors[PublishedNames.PositionIds] = positions;
        return tensors;
    }

    private static string[] Labels(CheckpointFiles files, CheckpointPart part, int classCount, string? path)
    {
        if (path is not null)
            return ClassLabels.Read(path, classCount, "generator");
        if (files.TextOf(part, LabelsEntry)?.Split('\n') is not { } stored || stored.Length != classCount)
            return ClassLabels.Default(classCount);
        // Some of them end lines, so that the folder would name other classes.
        int bad = Array.FindIndex(stored, label => label.Any(char.IsControl));
        return bad < 0 ? stored : throw NvgDataException.At(
            part.Path, $"in its entry '{LabelsEntry}' the name of class {bad} has a control character", "give the names in a file of their own");
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

        static long Count(ParameterStore store, Func<string, bool> belongs) => store.TrainableNames.Where(belongs).Sum(n => store[n].ElementCount);
    }
}
