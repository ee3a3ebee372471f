using System.Text.Json.Serialization;
using Nvg.Checkpoints;
using Nvg.Classifiers;
using Nvg.Configuration;
using Nvg.Var;

namespace Nvg.Cli.Arguments;

/// <summary>Description of a model folder, read without its weights.</summary>
/// <param name="Name">Name of the model.</param>
/// <param name="Kind">generator, tokenizer or classifier, and the method if it is not NVG.</param>
/// <param name="Folder">The folder.</param>
/// <param name="ImageSize">Side of the images in pixels.</param>
/// <param name="Classes">Lines of <c>labels.txt</c>, by class index.</param>
internal sealed record ModelCard(string Name, string Kind, string Folder, int ImageSize, IReadOnlyList<string> Classes)
{
    private const string ConfigFile = "config.json", LabelsFile = "labels.txt";

    /// <summary>The config of a generator or tokenizer; null for a classifier.</summary>
    [JsonIgnore]
    internal ModelConfig? Config { get; private init; }

    /// <summary>The config of a VAR model; null for others.</summary>
    [JsonIgnore]
    internal VarModelConfig? VarConfig { get; private init; }

    /// <summary>Default sampling settings of a generator.</summary>
    public object? Sampling => Config is { Generator: not null } ? Config.Sampling
        : VarConfig is { Transformer: not null } ? VarConfig.Sampling
        : null;

    /// <summary>Reads the description of a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="NvgDataException">The folder is not a model folder, or its config is damaged.</exception>
    internal static ModelCard Read(string folder)
    {
        string path = Path.Combine(folder, ConfigFile);
        if (!File.Exists(path))
            throw NvgDataException.At(folder, "is not a model folder: it has no config.json", "nvg models lists the shipped models");
        if (ClassifierModel.IsAt(folder))
        {
            ClassifierModelConfig classifier = NvgJson.Read<ClassifierModelConfig>(path);
            return new ModelCard(classifier.Name, "classifier", folder, classifier.Classifier.ImageSize,
                Labels(folder, classifier.Classifier.ClassCount));
        }

        if (ModelMethod.Of(folder) == ModelMethod.Var)
        {
            VarModelConfig found = NvgJson.Read<VarModelConfig>(path);
            string what = found.Transformer is null ? "VAR tokenizer" : "VAR generator";
            string[] labels = Labels(folder, found.Transformer?.ClassCount ?? 0);
            return new ModelCard(found.Name, what, folder, found.Tokenizer.ImageSize, labels) { VarConfig = found };
        }

        ModelConfig config = NvgJson.Read<ModelConfig>(path);
        string kind = config.Generator is null ? "tokenizer" : "generator";
        return new ModelCard(config.Name, kind, folder, config.Tokenizer.ImageSize,
            Labels(folder, config.Generator?.ClassCount ?? 0))
        { Config = config };
    }

    private static string[] Labels(string folder, int count)
    {
        string path = Path.Combine(folder, LabelsFile);
        return count == 0 ? [] : File.Exists(path) ? File.ReadAllLines(path) : [.. Enumerable.Range(0, count).Select(i => $"{i}")];
    }
}
