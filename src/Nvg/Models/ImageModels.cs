using Nvg.Checkpoints;
using Nvg.Generators;
using Nvg.Torch;
using Nvg.Var;

namespace Nvg.Models;

/// <summary>Opens model folders of any method.</summary>
public static class ImageModels
{
    /// <summary>Reads a model folder on the calling thread.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="device">Device for the parameters.</param>
    /// <param name="type">Element type of the generator's and decoder's matrices; null keeps the stored type.</param>
    /// <param name="withGenerator">False loads only the tokenizer.</param>
    /// <exception cref="NvgDataException">The folder or one of its files is missing, damaged or does not fit the config.</exception>
    public static IImageModel Load(
        string folder, Device device = default, ScalarType? type = ScalarType.Float32, bool withGenerator = true) =>
        ModelMethod.Of(folder) == ModelMethod.Var
            ? VarModel.Load(folder, device, type, withGenerator)
            : NvgModel.Load(folder, device, type, withGenerator);

    /// <summary>Checks from its config that a model can be computed in a precision, without reading its weights.</summary>
    /// <exception cref="NvgDataException">It cannot, or the config cannot be read.</exception>
    internal static void RequirePrecision(string folder, Device device, ScalarType type)
    {
        if (ModelMethod.Of(folder) == ModelMethod.Var)
            Int8Products.Refuse(type, folder);
        else
            Int8Products.Require(type, NvgModel.ReadConfig(folder).Generator, device, folder);
    }
}
