using Nvg.Torch;

namespace Nvg.Training.Tasks;

/// <summary>How a method describes an image in whole numbers, which a run computes once and keeps in files.</summary>
internal interface IRowEncoder
{
    /// <summary>Numbers of an image, by the name of the tensor that holds them.</summary>
    IReadOnlyDictionary<string, int> Columns { get; }

    /// <summary>All numbers are smaller.</summary>
    int Bound { get; }

    /// <summary>Encodes images, B × 3 × H × W in [−1, 1].</summary>
    /// <returns>B rows for each name, in the innermost scope.</returns>
    IReadOnlyDictionary<string, Tensor> Encode(Tensor images);
}
