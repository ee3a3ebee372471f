using System.Security.Cryptography;
using System.Text.Json;
using Nvg.Configuration;
using Nvg.Labels;
using Nvg.Torch;
using Nvg.Torch.Files;
using Nvg.Torch.Files.Safetensors;
using Nvg.Torch.Nn;

namespace Nvg.Classifiers;

/// <summary>
/// A classifier's folder: <c>config.json</c>, <c>classifier.safetensors</c>, <c>labels.txt</c> and a model card. Owns the
/// network.
/// </summary>
public sealed class ClassifierModel : IDisposable
{
    private const string ConfigFile = "config.json";
    private const string WeightsFile = "classifier.safetensors";
    private const string LabelsFile = "labels.txt";

    private ClassifierModel(string folder, ClassifierModelConfig config, ImageClassifier network, IReadOnlyList<string> labels) =>
        (Folder, Config, Network, Labels) = (folder, config, network, labels);

    /// <summary>Where the model was read from.</summary>
    public string Folder { get; }

    /// <summary>Name and sizes.</summary>
    public ClassifierModelConfig Config { get; }

    /// <summary>The network, in float32.</summary>
    public ImageClassifier Network { get; }

    /// <summary>Names of the classes, by number.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>Whether a folder holds a classifier.</summary>
    public static bool IsAt(string folder) => File.Exists(Path.Combine(folder, WeightsFile));

    /// <summary>Reads a classifier's folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="device">Where the parameters go.</param>
    /// <exception cref="NvgDataException">The folder or one of its files is missing, damaged or does not fit the config.</exception>
    public static ClassifierModel Load(string folder, Device device = default)
    {
        if (!Directory.Exists(folder))
            throw NvgDataException.At(folder, "no such folder", "make a classifier with nvg train classifier");
        if (!IsAt(folder))
            throw NvgDataException.At(folder, $"is no classifier's folder: it has no {WeightsFile}", "make a classifier with nvg train classifier");
        ClassifierModelConfig config = NvgJson.Read<ClassifierModelConfig>(Path.Combine(folder, ConfigFile));
        if (config.Validate().ToList() is { Count: > 0 } problems)
            throw NvgDataException.At(Path.Combine(folder, ConfigFile), string.Join("; ", problems));
        string[] labels = ClassLabels.Read(Path.Combine(folder, LabelsFile), config.Classifier.ClassCount, "classifier");
        ImageClassifier network = WeightFile.ReadModel(
            Path.Combine(folder, WeightsFile), device, ScalarType.Float32, source => new ImageClassifier(config.Classifier, source), n => n.Parameters);
        return new ClassifierModel(folder, config, network, labels);
    }

    /// <summary>Writes a classifier's folder: files one by one, the config last, each whole or not at all.</summary>
    /// <param name="folder">Made if it does not exist.</param>
    /// <param name="config">Name and sizes.</param>
    /// <param name="parameters">The network's tensors.</param>
    /// <param name="labels">Names of the classes.</param>
    /// <param name="type">Element type to store convolutions and matrices in; vectors stay in float32.</param>
    public static void Save(
        string folder, ClassifierModelConfig config, IReadOnlyDictionary<string, Tensor> parameters, IReadOnlyList<string> labels,
        ScalarType type = ScalarType.Float32)
    {
        Directory.CreateDirectory(folder);
        // A kill midway leaves a folder that does not load, rather than a mixture of two models.
        File.Delete(Path.Combine(folder, ConfigFile));
        SafetensorsFile.Write(Path.Combine(folder, WeightsFile), parameters, typeOf: (_, tensor) => tensor.Rank < 2 ? tensor.ScalarType : type);
        ClassLabels.Write(Path.Combine(folder, LabelsFile), labels);
        AtomicFile.Write(Path.Combine(folder, ConfigFile), stream => JsonSerializer.Serialize(stream, config, NvgJson.Options));
    }

    /// <summary>SHA-256 over the weights, to tell classifiers apart.</summary>
    public string Fingerprint()
    {
        using FileStream stream = File.OpenRead(Path.Combine(Folder, WeightsFile));
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    /// <inheritdoc/>
    public void Dispose() => Network.Dispose();
}
