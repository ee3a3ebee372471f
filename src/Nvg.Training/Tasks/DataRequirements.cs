using Nvg.Data.Datasets;

namespace Nvg.Training.Tasks;

/// <summary>Requirements of a run on its data set, checked before anything is computed.</summary>
internal static class DataRequirements
{
    /// <summary>Throws unless the images have the size of the model's images.</summary>
    /// <param name="data">The data set.</param>
    /// <param name="size">Side of the model's images.</param>
    /// <param name="model">Name of the model for the error message.</param>
    /// <exception cref="NvgDataException">The images have another size.</exception>
    internal static void RequireSize(IImageDataset data, int size, string model)
    {
        if (data.Size != size)
        {
            throw new NvgDataException(
                $"the data set has images of {data.Size} × {data.Size}, the {model} takes {size}: prepare it with --size {size}");
        }
    }
}
