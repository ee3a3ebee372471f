using Nvg.Torch;
using Nvg.Torch.Files.Onnx;

namespace Nvg.Pretrained;

/// <summary>
/// The files of the NuGet package Microsoft.ML.DnnImageFeaturizer.ResNet18 (MIT licence): an ImageNet ResNet-18 without its classifier,
/// and the mean image that is subtracted first. They are not part of this project; the user restores the package.
/// </summary>
/// <param name="Folder">The folder <c>tools/DnnImageModels</c> of the package.</param>
public sealed record ResNet18Files(string Folder)
{
    /// <summary>Name of the package.</summary>
    public const string Package = "Microsoft.ML.DnnImageFeaturizer.ResNet18";

    private const string Subfolder = "tools/DnnImageModels";

    /// <summary>Path of the network.</summary>
    public string Network => Path.Combine(Folder, "ResNet18Onnx", "ResNet18.onnx");

    /// <summary>Path of the mean image.</summary>
    public string Preprocessing => Path.Combine(Folder, "ResNetPrepOnnx", "ResNetPreprocess.onnx");

    /// <summary>Finds the files in a folder, or in NuGet's package folder.</summary>
    /// <param name="folder">
    /// The folder <c>tools/DnnImageModels</c> of the package; null for the newest version in NuGet's package folder
    /// (<c>NUGET_PACKAGES</c>, or <c>.nuget/packages</c> in the home directory).
    /// </param>
    /// <exception cref="NvgDataException">The files are missing; the message says how to restore the package.</exception>
    public static ResNet18Files Locate(string? folder = null)
    {
        if (folder is null)
            return LocateRestored();
        if (IsIn(folder))
            return new ResNet18Files(folder);
        throw NvgDataException.At(
            folder, "has no ResNet18Onnx/ResNet18.onnx", $"give the folder {Subfolder} of the NuGet package {Package}");
    }

    /// <summary>Whether a folder holds the network.</summary>
    public static bool IsIn(string folder) => File.Exists(new ResNet18Files(folder).Network);

    /// <summary>The mean image, 1 × 3 × 224 × 224, BGR from 0 to 255; the caller disposes it.</summary>
    /// <exception cref="NvgDataException">The file is missing or damaged, or does not contain a mean image.</exception>
    internal Tensor ReadMean()
    {
        using OnnxGraph graph = OnnxGraph.Read(Preprocessing);
        return graph.Weights.TryGetValue("MeanImage", out Tensor? mean) && mean.Shape.SequenceEqual([1, 3, ResNet18.Side, ResNet18.Side])
            ? mean.Clone()
            : throw NvgDataException.At(Preprocessing, $"has no mean image of {ResNet18.Side} × {ResNet18.Side} pixels");
    }

    /// <summary>Reads the weights of the network, by torchvision name.</summary>
    /// <param name="use">Copies what it needs from the tensors, which are disposed when it returns.</param>
    /// <exception cref="NvgDataException">The file is missing or damaged, or holds another network.</exception>
    internal T Read<T>(Func<IReadOnlyDictionary<string, Tensor>, T> use)
    {
        using OnnxGraph graph = OnnxGraph.Read(Network);
        return use(NamedWeights(graph));
    }

    private static ResNet18Files LocateRestored()
    {
        string root = Path.Combine(NuGetPackages.Folder, Package.ToLowerInvariant());
        IEnumerable<string> versions = Directory.Exists(root) ? Directory.GetDirectories(root).OrderByDescending(VersionOf) : [];
        return versions.Select(version => new ResNet18Files(Path.Combine(version, Subfolder))).FirstOrDefault(f => IsIn(f.Folder))
            ?? throw NvgDataException.At(
                root, "has no ResNet-18",
                $"restore the NuGet package {Package} (docs/training-small.md), or give the path of its folder {Subfolder}");
    }

    private static Version? VersionOf(string folder) => Version.TryParse(Path.GetFileName(folder), out Version? version) ? version : null;

    // The names in the graph are numbers, so convolutions are identified by their order. A batch norm follows each of them.
    private Dictionary<string, Tensor> NamedWeights(OnnxGraph graph)
    {
        OnnxNode[] convolutions = [.. graph.Nodes.Where(node => node.Operation == "Conv")];
        (string Convolution, string Norm)[] names = [.. LayerNames()];
        if (convolutions.Length != names.Length)
        {
            throw NvgDataException.At(
                Network, $"has {convolutions.Length} convolutions, but the ResNet-18 of the package has {names.Length}");
        }

        var named = new Dictionary<string, Tensor>();
        foreach ((OnnxNode convolution, (string name, string normName)) in convolutions.Zip(names))
        {
            OnnxNode norm = NormAfter(graph, convolution);
            string[] stored = [convolution.Inputs[1], .. norm.Inputs.Skip(1)];
            string[] published =
                [$"{name}.weight", $"{normName}.weight", $"{normName}.bias", $"{normName}.running_mean", $"{normName}.running_var"];
            foreach ((string from, string to) in stored.Zip(published))
                named[to] = WeightOf(graph, from);
        }

        return named;
    }

    private OnnxNode NormAfter(OnnxGraph graph, OnnxNode convolution) =>
        graph.Nodes.FirstOrDefault(node => node.Operation == "BatchNormalization" && node.Inputs[0] == convolution.Outputs[0])
            ?? throw NvgDataException.At(Network, $"has no batch norm after the convolution '{convolution.Outputs[0]}'");

    private Tensor WeightOf(OnnxGraph graph, string name) => graph.Weights.TryGetValue(name, out Tensor? tensor)
        ? tensor
        : throw NvgDataException.At(Network, $"has no weight '{name}'");

    // In the order of the graph.
    private static IEnumerable<(string Convolution, string Norm)> LayerNames()
    {
        yield return ("conv1", "bn1");
        for (int stage = 1; stage <= ResNet18.BlockCounts.Length; stage++)
        {
            for (int block = 0; block < ResNet18.BlockCounts[stage - 1]; block++)
            {
                string path = $"layer{stage}.{block}";
                if (stage > 1 && block == 0)
                    yield return ($"{path}.downsample.0", $"{path}.downsample.1");
                yield return ($"{path}.conv1", $"{path}.bn1");
                yield return ($"{path}.conv2", $"{path}.bn2");
            }
        }
    }
}
