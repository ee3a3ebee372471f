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
/// A classifier loaded from its folder: <c>config.json</c>, <c>classifier.safetensors</c>, <c>labels.txt</c> and a model card. Owns
/// the network.
/// </summary>
public sealed class ClassifierModel : IDisposable
{
    private const string ConfigFile = "config.json";
    private const string WeightsFile = "classifier.safetensors";
    private const string LabelsFile = "labels.txt";

    private ClassifierModel(string folder, ClassifierModelConfig config, ImageClassifier network, IReadOnlyList<string> labels) =>
        (Folder, Config, Network, Labels) = (folder, config, network, labels);

    /// <summary>The folder of the model.</summary>
    public string Folder { get; }

    /// <summary>Name and sizes.</summary>
    public ClassifierModelConfig Config { get; }

    /// <summary>The network, in float32.</summary>
    public ImageClassifier Network { get; }

    /// <summary>Names of the classes, by index.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>Whether a folder holds a classifier.</summary>
    public static bool IsAt(string folder) => File.Exists(Path.Combine(folder, WeightsFile));

    /// <summary>Loads a classifier.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="device">Device of the parameters.</param>
    /// <exception cref="NvgDataException">The folder or one of its files is missing or damaged, or does not fit the config.</exception>
    public static ClassifierModel Load(string folder, Device device = default)
    {
        if (!Directory.Exists(folder))
            throw NvgDataException.At(folder, "no such folder", "train a classifier with nvg train classifier");
        if (!IsAt(folder))
            throw NvgDataException.At(folder, $"not a classifier folder: it has no {WeightsFile}", "train one with nvg train classifier");
        ClassifierModelConfig config = NvgJson.Read<ClassifierModelConfig>(Path.Combine(folder, ConfigFile));
        config.Validate().ThrowIfAny(Path.Combine(folder, ConfigFile));
        string[] labels = ClassLabels.Read(Path.Combine(folder, LabelsFile), config.Classifier.ClassCount, "classifier");
        ImageClassifier network = WeightFile.ReadModel(
            Path.Combine(folder, WeightsFile), device, ScalarType.Float32,
            source => new ImageClassifier(config.Classifier, source), network => network.Parameters);
        return new ClassifierModel(folder, config, network, labels);
    }

    /// <summary>Writes a classifier folder. Each file is written atomically, the config last.</summary>
    /// <param name="folder">Created if it does not exist.</param>
    /// <param name="config">Name and sizes.</param>
    /// <param name="parameters">The network's tensors.</param>
    /// <param name="labels">Names of the classes.</param>
    /// <param name="type">Element type for storing convolutions and matrices; vectors keep their type.</param>
    public static void Save(
        string folder, ClassifierModelConfig config, IReadOnlyDictionary<string, Tensor> parameters, IReadOnlyList<string> labels,
        ScalarType type = ScalarType.Float32)
    {
        Directory.CreateDirectory(folder);
        // If the process is killed midway, the folder fails to load instead of mixing two models.
        File.Delete(Path.Combine(folder, ConfigFile));
        SafetensorsFile.Write(
            Path.Combine(folder, WeightsFile), parameters, typeOf: (_, tensor) => tensor.Rank < 2 ? tensor.ScalarType : type);
        ClassLabels.Write(Path.Combine(folder, LabelsFile), labels);
        AtomicFile.Write(Path.Combine(folder, ConfigFile), stream => JsonSerializer.Serialize(stream, config, NvgJson.Options));
    }

    /// <summary>SHA-256 of the weight file, which identifies the classifier.</summary>
    public string Fingerprint()
    {
        using FileStream stream = File.OpenRead(Path.Combine(Folder, WeightsFile));
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    /// <inheritdoc/>
    public void Dispose() => Network.Dispose();
}
