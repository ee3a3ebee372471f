using System.Text;
using System.Text.Json;
using Nvg.Checkpoints;
using Nvg.Configuration;
using Nvg.Labels;
using Nvg.Torch;
using Nvg.Torch.Files;
using Nvg.Torch.Files.PyTorch;
using Nvg.Torch.Nn;
using Nvg.Var;
using Nvg.Var.Tokenizers;
using Nvg.Var.Transformers;

namespace Nvg.Conversion.Var;

/// <summary>Converts VAR checkpoints in the published layout to model folders, and back.</summary>
public static class VarCheckpointConversion
{
    // Texts that this build stores next to the tensors of a checkpoint, so that converting back loses nothing.
    private const string ConfigEntry = "var_config", LabelsEntry = "var_labels";
    private const string CardFile = "README.md";

    /// <summary>
    /// Writes a model folder. Tensors are read and written one by one, and the config is written last, so a folder that loads is complete.
    /// </summary>
    /// <param name="files">Checkpoints with a tokenizer and optionally a transformer.</param>
    /// <param name="folder">Created if it does not exist; an existing model is replaced.</param>
    /// <param name="options">How to store the weights.</param>
    /// <exception cref="NvgDataException">Names or shapes do not fit a model, or the folder cannot be written.</exception>
    public static VarConversionReport ToFolder(VarCheckpointFiles files, string folder, VarConversionOptions options)
    {
        CheckpointPart tokenizerPart = files.Find(CheckpointPartKind.Tokenizer)!;
        CheckpointPart? transformerPart = files.Find(CheckpointPartKind.Generator);
        if (!options.AllowUnexpected)
            files.RefuseUnexpected();
        try
        {
            VarModelConfig config = Config(files, tokenizerPart, transformerPart, options);
            using var tokenizer = new VarTokenizer(config.Tokenizer, ParameterSource.Meta());
            using VarTransformer? transformer = Shapes(config);
            Dictionary<string, Tensor> tokenizerTensors = tokenizerPart.Select(tokenizer.Parameters, options.AllowUnexpected, options.Type);
            Dictionary<string, Tensor>? transformerTensors =
                transformer is null ? null : transformerPart!.Select(transformer.Parameters, options.AllowUnexpected, options.Type);
            string[] labels = transformer is null ? [] : Labels(files, transformerPart!, transformer.Config.ClassCount, options.LabelsFile);
            IEnumerable<CheckpointPart> parts = new[] { tokenizerPart, transformerPart }.OfType<CheckpointPart>();
            VarConversionReport report = Report(
                folder, config, parts.Select(p => new ConversionSource(p.Kind, p.Path, false)), tokenizer, transformer) with
            {
                Notes = files.Notes,
            };
            VarModel.Save(folder, config, tokenizerTensors, transformerTensors, labels, options.Type);
            AtomicFile.Write(Path.Combine(folder, CardFile), Encoding.UTF8.GetBytes(Card(report)));
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
    /// Writes a model folder as one PyTorch file in the published layout, with the tables that the published program expects, and with
    /// config and labels stored as text.
    /// </summary>
    /// <param name="folder">The model folder.</param>
    /// <param name="path">The file to write; replaced if it exists, left unchanged if anything fails.</param>
    /// <param name="type">Element type to store matrices in, or null to keep it.</param>
    /// <exception cref="NvgDataException">The folder does not contain a model, or the file cannot be written.</exception>
    public static VarConversionReport ToCheckpoint(string folder, string path, ScalarType? type = null)
    {
        VarModelConfig config = VarModel.ReadConfig(folder);
        var texts = new Dictionary<string, object>
        {
            [ConfigEntry] = NvgJson.Write(config),
            [LabelsEntry] = string.Join('\n', VarModel.ReadLabels(folder, config)),
        };
        using VarCheckpointFiles files = VarCheckpointFiles.Open(VarModel.TensorFiles(folder, config));
        using var tokenizer = new VarTokenizer(config.Tokenizer, ParameterSource.Meta());
        using VarTransformer? transformer = Shapes(config);
        using var scope = new TensorScope();
        Dictionary<string, Tensor> tensors = PartOf(files, CheckpointPartKind.Tokenizer, folder).Select(tokenizer.Parameters, false, type);
        if (transformer is not null)
        {
            CheckpointPart part = PartOf(files, CheckpointPartKind.Generator, folder);
            foreach ((string name, Tensor tensor) in part.Select(transformer.Parameters, false, type))
                tensors.Add(name, tensor);
            foreach ((string name, Tensor tensor) in Tables(transformer))
                tensors.Add(name, tensor);
        }

        try
        {
            PyTorchFile.Write(path, tensors, texts, (name, tensor) => VarModel.StoredType(name, tensor, type));
        }
        catch (Exception error) when (FileFailure.IsFileError(error))
        {
            throw new NvgDataException(FileFailure.Unwritable(path, error).Message, error);
        }

        IEnumerable<CheckpointPartKind> kinds = Enum.GetValues<CheckpointPartKind>().Take(transformer is null ? 1 : 2);
        return Report(path, config, kinds.Select(kind => new ConversionSource(kind, folder, false)), tokenizer, transformer);
    }

    private static VarTransformer? Shapes(VarModelConfig config) =>
        config.Transformer is { } sizes ? new VarTransformer(sizes, ParameterSource.Meta()) : null;

    // Fixed tables of the published layout, which follow from the sizes.
    private static IEnumerable<KeyValuePair<string, Tensor>> Tables(VarTransformer transformer)
    {
        using var model = new VarTransformer(transformer.Config with { Depth = 1, HeadCount = 1, HeadSize = 1 }, ParameterSource.Random(0));
        yield return KeyValuePair.Create(VarPublishedNames.ScaleOfToken, model.ScaleOfToken().Unsqueeze(0));
        yield return KeyValuePair.Create("attn_bias_for_masking", model.AttentionMask().Unsqueeze(0));
        for (int b = 0; b < transformer.Config.Depth; b++)
            yield return KeyValuePair.Create($"blocks.{b}.attn.zero_k_bias", Tensor.Zeros([transformer.Config.Width]));
    }

    private static CheckpointPart PartOf(VarCheckpointFiles files, CheckpointPartKind kind, string folder) =>
        files.Find(kind) ?? throw NvgDataException.At(folder, $"its files hold no {kind.ToString().ToLowerInvariant()}");

    private static VarModelConfig Config(
        VarCheckpointFiles files, CheckpointPart tokenizerPart, CheckpointPart? transformerPart, VarConversionOptions options)
    {
        VarModelConfig? stored = StoredConfig(files, transformerPart ?? tokenizerPart);
        IReadOnlyList<int> scales = stored?.Tokenizer.Scales ?? VarInferredSizes.Scales(files, options.Scales);
        VarTokenizerConfig tokenizer = stored?.Tokenizer ?? VarInferredSizes.Tokenizer(tokenizerPart, scales);
        VarTransformerConfig? transformer =
            transformerPart is null ? null : stored?.Transformer ?? VarInferredSizes.Transformer(transformerPart, scales);
        string file = (transformerPart ?? tokenizerPart).Path;
        if (options.Preset is { } preset && Differences(tokenizer, transformer, preset).OneLine() is { } differences)
            throw NvgDataException.At(file, $"its sizes are not those of {preset.Name}: {differences}");
        string name = options.Name ?? stored?.Name
            ?? VarPresets.All.FirstOrDefault(p => !Differences(tokenizer, transformer, p).Any())?.Name
            ?? Path.GetFileNameWithoutExtension(file);
        VarModelConfig config = (stored ?? new VarModelConfig { Name = name, Tokenizer = tokenizer }) with
        {
            Name = name,
            Tokenizer = tokenizer,
            Transformer = transformer,
        };
        config.Validate().ThrowIfAny(file);
        return config;
    }

    private static IEnumerable<string> Differences(
        VarTokenizerConfig tokenizer, VarTransformerConfig? transformer, VarModelConfig preset) =>
    [
        .. PresetMatch.Differences(tokenizer, preset.Tokenizer),
        .. (transformer, preset.Transformer) switch
        {
            (null, null) => [],
            (null, _) => ["there is no transformer"],
            (_, null) => ["there is a transformer"],
            var (actual, published) => PresetMatch.Differences(actual, published),
        },
    ];

    private static VarModelConfig? StoredConfig(VarCheckpointFiles files, CheckpointPart part)
    {
        if (part.TextOf(ConfigEntry) is not { } json)
            return null;
        try
        {
            VarModelConfig config =
                JsonSerializer.Deserialize<VarModelConfig>(json, NvgJson.Options) ?? throw new JsonException("it is null");
            return config.Validate().OneLine() is { } problems ? throw new JsonException(problems) : config;
        }
        catch (JsonException error)
        {
            string reason = error.Message.ReplaceLineEndings(" ");
            throw NvgDataException.At(part.Path, $"its entry '{ConfigEntry}' is not a valid model config: {reason}", null, error);
        }
    }

    private static string[] Labels(VarCheckpointFiles files, CheckpointPart part, int classCount, string? path)
    {
        if (path is not null)
            return ClassLabels.Read(path, classCount, "transformer");
        string[]? stored = part.TextOf(LabelsEntry)?.Split('\n');
        bool fits = stored?.Length == classCount && !Array.Exists(stored, label => label.Any(c => char.IsControl(c) && c != '\t'));
        return fits ? stored! : ClassLabels.Default(classCount);
    }

    private static VarConversionReport Report(
        string output, VarModelConfig config, IEnumerable<ConversionSource> sources, VarTokenizer tokenizer, VarTransformer? transformer)
    {
        var counts = new Dictionary<string, long>
        {
            ["encoder"] = Count(n => n.StartsWith("encoder.", StringComparison.Ordinal)),
            ["decoder"] = Count(n => n.StartsWith("decoder.", StringComparison.Ordinal)),
            ["quantizer"] = Count(n => n.StartsWith("quant", StringComparison.Ordinal) || n.StartsWith("post_", StringComparison.Ordinal)),
        };
        if (transformer is not null)
            counts["transformer"] = transformer.Parameters.ParameterCount;
        return new VarConversionReport(output, config.Name, config.Tokenizer, config.Transformer, [.. sources], counts);

        long Count(Func<string, bool> belongs) =>
            tokenizer.Parameters.TrainableNames.Where(belongs).Sum(n => tokenizer.Parameters[n].ElementCount);
    }

    private static string Card(VarConversionReport report)
    {
        int side = report.Tokenizer.ImageSize;
        var card = new StringBuilder();
        card.Append($"# {report.Name}\n\nA VAR model (next-scale prediction) for {side} × {side} images, ");
        card.Append("converted from checkpoints in the published layout.\n");
        card.Append("The weights belong to those who trained them; their licence applies here as well.\n\n| | |\n| --- | --- |\n");
        foreach (ConversionSource source in report.Sources)
            card.Append($"| {source.Part.ToString().ToLowerInvariant()} | `{Path.GetFileName(source.File)}` |\n");
        card.Append($"| scales | {string.Join(' ', report.Tokenizer.Scales)} |\n");
        card.Append($"| codebook | {report.Tokenizer.CodebookSize} codes of {report.Tokenizer.LatentChannels} channels |\n");
        if (report.Transformer is { } transformer)
            card.Append($"| transformer | depth {transformer.Depth}, {transformer.ClassCount} classes |\n");
        card.Append("\n| parameters | |\n| --- | --- |\n");
        foreach ((string group, long count) in report.Parameters)
            card.Append($"| {group} | {count:N0} |\n");
        return card.ToString();
    }
}
