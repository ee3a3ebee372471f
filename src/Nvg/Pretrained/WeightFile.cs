using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Pretrained;

/// <summary>Weights of feature networks in files that somebody else wrote.</summary>
internal static class WeightFile
{
    /// <summary>Builds something of a file's tensors.</summary>
    /// <param name="path">A safetensors or PyTorch file.</param>
    /// <param name="build">Takes what it needs out of the tensors, which go when it returns.</param>
    /// <exception cref="NvgDataException">The file is missing, damaged, or holds something else.</exception>
    internal static T Read<T>(string path, Func<IReadOnlyDictionary<string, Tensor>, T> build)
    {
        try
        {
            using TensorFile file = TensorFile.Open(path);
            return build(file);
        }
        catch (TensorFileException error)
        {
            throw new NvgDataException(error.Message, error);
        }
        catch (ParameterException error)
        {
            throw NvgDataException.At(path, error.Message, innerException: error);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw NvgDataException.At(path, "does not exist", innerException: error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw NvgDataException.At(path, "cannot be read", error.Message, error);
        }
    }
}
