using Nvg.Torch;
using Nvg.Torch.Files;

namespace Nvg.Conversion;

/// <summary>Location of a tensor in a checkpoint.</summary>
/// <param name="File">The file that holds it; borrowed.</param>
/// <param name="Path">Path of the file.</param>
/// <param name="FullName">Its name in the file.</param>
internal sealed record StoredTensor(TensorFile File, string Path, string FullName)
{
    /// <summary>The tensor; owned by the file.</summary>
    internal Tensor Tensor => File[FullName];
}
