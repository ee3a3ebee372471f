using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;

namespace Nvg.Verification;

/// <summary>
/// Compares this build with reference numbers: runs it on the inputs and parameters of fixture files and holds every output
/// against the stored one. Sizes come from the files, so that any set of fixtures of the known kinds can be run.
/// </summary>
public static class FixtureVerification
{
    /// <summary>What runs a fixture, by file name without extension.</summary>
    private static readonly Dictionary<string, Action<Fixture>> Kinds = new()
    {
        ["clustering"] = ClusteringVerification.Run,
        ["structure_embedding"] = StructureEmbeddingVerification.Run,
        ["quantizer"] = QuantizerVerification.Run,
        ["autoencoder"] = AutoencoderVerification.Run,
        ["sampling"] = SamplingVerification.Run,
        ["generate"] = GenerateVerification.Run,
        ["generator_train"] = GeneratorTrainVerification.Run,
        ["losses"] = LossesVerification.Run,
        ["dino_disc"] = DinoDiscriminatorVerification.Run,
    };

    /// <summary>Runs every fixture of a folder, one after another as the reports are asked for.</summary>
    /// <param name="directory">Folder with <c>*.safetensors</c> files; folders below it are not searched.</param>
    /// <param name="device">Where to compute. On a GPU, TensorFloat-32 is switched off for the process: references are float32.</param>
    /// <returns>One report per file, by name. A damaged file is a failed check, not an exception.</returns>
    /// <exception cref="NvgDataException">There is no such folder, or no fixture in it.</exception>
    /// <exception cref="TorchException">The device cannot be used.</exception>
    public static IEnumerable<FixtureReport> Run(string directory, Device device)
    {
        if (!Directory.Exists(directory))
            throw NvgDataException.At(directory, "no such folder", "name the folder with the fixtures");
        string[] paths = Directory.GetFiles(directory, "*.safetensors");
        if (paths.Length == 0)
            throw NvgDataException.At(directory, "no fixture (*.safetensors) in this folder");
        Array.Sort(paths, StringComparer.Ordinal);
        using (Tensor.Zeros([1], device: device))
        {
            // Only to find out now whether the device works.
        }

        if (device.Type == DeviceType.Cuda)
            TorchRuntime.AllowTensorFloat32(false);
        return paths.Select(path => RunFile(path, device));
    }

    /// <summary>Runs one fixture.</summary>
    /// <param name="path">Its name says what it is, such as <c>quantizer.safetensors</c>.</param>
    /// <param name="device">Where to compute.</param>
    public static FixtureReport RunFile(string path, Device device)
    {
        string file = Path.GetFileName(path);
        try
        {
            using var fixture = new Fixture(path, device);
            RunOpened(fixture, Path.GetFileNameWithoutExtension(path));
            return fixture.Report();
        }
        catch (Exception error) when (error is SafetensorsException or IOException or UnauthorizedAccessException)
        {
            return new FixtureReport(file, [TensorCheck.Impossible("(file)", error.Message)], []);
        }
    }

    private static void RunOpened(Fixture fixture, string kind)
    {
        if (!Kinds.TryGetValue(kind, out Action<Fixture>? run))
        {
            fixture.RestNotCovered($"nothing checks fixtures of the name '{kind}'");
            return;
        }

        try
        {
            using var scope = new TensorScope();
            run(fixture);
        }
        catch (Exception error) when (error is not (TorchLoadException or OutOfMemoryException))
        {
            // Whatever a damaged fixture leads to is its failure, and the other fixtures still run.
            fixture.Fail("(file)", error.Message);
            fixture.RestNotCovered("not reached");
        }
    }
}
