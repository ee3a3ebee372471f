using Nvg.Torch.Files;
using Nvg.Torch.Files.Safetensors;

namespace Nvg.Torch.Nn;

/// <summary>Builds networks from weight files; errors name the file.</summary>
internal static class WeightFile
{
    /// <summary>Builds something from the tensors of a third-party file.</summary>
    /// <param name="path">A safetensors or PyTorch file.</param>
    /// <param name="build">Takes what it needs from the tensors, which are disposed when it returns.</param>
    /// <exception cref="NvgDataException">The file is missing, damaged, or holds something else.</exception>
    internal static T Read<T>(string path, Func<IReadOnlyDictionary<string, Tensor>, T> build) => Explained(path, () =>
    {
        using TensorFile file = TensorFile.Open(path);
        return build(file);
    });

    /// <summary>Builds a model from all tensors of a file that this library wrote.</summary>
    /// <param name="path">A safetensors file.</param>
    /// <param name="device">Device of the parameters.</param>
    /// <param name="type">Element type of the matrices; null keeps the stored type.</param>
    /// <param name="build">Creates the model from its parameters.</param>
    /// <param name="parametersOf">Returns the model's parameters. The file must contain exactly these.</param>
    /// <exception cref="NvgDataException">The file is missing, damaged, or holds something else.</exception>
    internal static T ReadModel<T>(string path, Device device, ScalarType? type, Func<ParameterSource, T> build,
        Func<T, ParameterStore> parametersOf)
        where T : IDisposable => Explained(path, () =>
    {
        using SafetensorsFile stored = SafetensorsFile.Open(path);
        T built = build(ParameterSource.Taking(stored, device, type));
        // The model has removed the tensors that it took; tensors that it computes itself may remain.
        if (stored.Keys.FirstOrDefault(name => !parametersOf(built).ContainsKey(name)) is { } unexpected)
        {
            built.Dispose();
            throw new ParameterException($"parameter '{unexpected}' is not one of the model's");
        }

        return built;
    });

    private static T Explained<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is TensorFileException or SafetensorsException)
        {
            throw new NvgDataException(error.Message, error);
        }
        catch (ParameterException error)
        {
            throw NvgDataException.At(path, error.Message, innerException: error);
        }
        catch (Exception error) when (FileFailure.IsFileError(error))
        {
            throw FileFailure.Unreadable(path, error);
        }
    }
}
