using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;
using Nvg.Verification.Checks;
using Nvg.Verification.Fixtures;
using Nvg.Verification.Var;

namespace Nvg.Verification;

/// <summary>
/// Compares this build with reference values: runs it on the inputs and parameters of fixture files and compares every output
/// with the stored one. Sizes are read from the files, so any set of fixtures of the known kinds can be used.
/// </summary>
public static class FixtureVerification
{
    /// <summary>The check of each fixture, by file name without extension.</summary>
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
        ["var_tokenizer"] = VarTokenizerVerification.Run,
        ["var_train"] = VarTrainVerification.Run,
        ["var_generate"] = VarGenerateVerification.Run,
        ["var_edit"] = VarEditVerification.Run,
    };

    // Fixtures with only training losses, whose operators the managed door does not have.
    private static readonly string[] Adversarial = ["losses", "dino_disc"];

    /// <summary>Runs every fixture of a folder, lazily, one per enumerated report.</summary>
    /// <param name="directory">Folder with <c>*.safetensors</c> files; folders below it are not searched.</param>
    /// <param name="device">
    /// Device under test. On a GPU, TensorFloat-32 is disabled for the process, because references are float32.
    /// </param>
    /// <param name="precision">
    /// Precision of matrix products and convolutions. With bfloat16, only fixtures without discrete choices are compared, and each tensor
    /// is compared as a whole.
    /// </param>
    /// <returns>One report per file, ordered by name. A damaged file is a failed check, not an exception.</returns>
    /// <exception cref="NvgDataException">The folder does not exist, or has no fixtures.</exception>
    /// <exception cref="TorchException">The device cannot be used.</exception>
    public static IEnumerable<FixtureReport> Run(string directory, Device device, ScalarType precision = ScalarType.Float32)
    {
        if (!Directory.Exists(directory))
            throw NvgDataException.At(directory, "folder not found", "give the folder that contains the fixtures");
        string[] paths = Directory.GetFiles(directory, "*.safetensors");
        if (paths.Length == 0)
            throw NvgDataException.At(directory, "has no fixtures (*.safetensors)");
        Array.Sort(paths, StringComparer.Ordinal);
        using (Tensor.Zeros([1], device: device))
        {
            // Fails early if the device does not work.
        }

        if (device.Type == DeviceType.Cuda)
            TorchRuntime.AllowTensorFloat32(false);
        return paths.Select(path => RunFile(path, device, precision));
    }

    /// <summary>Runs one fixture.</summary>
    /// <param name="path">The file; its name selects the check, as in <c>quantizer.safetensors</c>.</param>
    /// <param name="device">Device under test.</param>
    /// <param name="precision">Precision of matrix products and convolutions.</param>
    public static FixtureReport RunFile(string path, Device device, ScalarType precision = ScalarType.Float32)
    {
        string file = Path.GetFileName(path);
        try
        {
            using var fixture = new Fixture(path, device, precision);
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
            fixture.RestNotCovered($"there is no check for fixtures named '{kind}'");
            return;
        }

        if (fixture.Precision != ScalarType.Float32 && !RoundedComparison.Covers(kind))
        {
            fixture.RestNotCovered(
                $"not compared in {fixture.Precision}: it holds discrete choices, exact formulas or very narrow networks");
            return;
        }

        if (!Fixture.HasGradients && Adversarial.Contains(kind))
        {
            fixture.RestNotCovered("adversarial training needs the compiled library");
            return;
        }

        try
        {
            using var scope = new TensorScope();
            using Autocast rounded = Autograd.Autocast(fixture.Device, fixture.Precision);
            run(fixture);
        }
        catch (Exception error) when (error is not (TorchLoadException or OutOfMemoryException))
        {
            // Any error in a damaged fixture is a failure of that fixture only; the other fixtures still run.
            fixture.Fail("(file)", error.Message);
            fixture.RestNotCovered("not reached");
        }
    }
}
