using Nvg.Torch;

namespace Nvg.Training.Tasks;

/// <summary>Encodes images of a method as integers, which a run computes once and stores in files.</summary>
internal interface IRowEncoder
{
    /// <summary>How many numbers an image has, by the name of the tensor that holds them.</summary>
    IReadOnlyDictionary<string, int> Columns { get; }

    /// <summary>Exclusive upper bound of all numbers.</summary>
    int Bound { get; }

    /// <summary>Encodes images, B × 3 × H × W in [−1, 1].</summary>
    /// <returns>B rows for each name, in the innermost scope.</returns>
    IReadOnlyDictionary<string, Tensor> Encode(Tensor images);
}
