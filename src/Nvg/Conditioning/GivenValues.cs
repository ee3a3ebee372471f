using Nvg.Torch;

namespace Nvg.Conditioning;

/// <summary>Given labels or tokens of one stage for a batch. The tensors belong to the scope that the object is created in.</summary>
internal sealed class GivenValues
{
    /// <param name="values_BL">Values by position; −1 marks unknown values.</param>
    /// <param name="isComplete">Per image, whether every value is given.</param>
    internal GivenValues(Tensor values_BL, bool[] isComplete)
    {
        (Values_BL, ImageIsComplete) = (values_BL, isComplete);
        Known_BL = values_BL.IsGreater(-1);
    }

    /// <summary>Values by position; −1 marks unknown values.</summary>
    internal Tensor Values_BL { get; }

    /// <summary>Where a value is given, B × L.</summary>
    internal Tensor Known_BL { get; }

    /// <summary>Per image, whether every value is given.</summary>
    internal bool[] ImageIsComplete { get; }

    /// <summary>Whether nothing is left to generate.</summary>
    internal bool IsComplete => Array.TrueForAll(ImageIsComplete, complete => complete);

    /// <summary>Indices of the images that have unknown values.</summary>
    internal long[] IncompleteImages =>
        [.. Enumerable.Range(0, ImageIsComplete.Length).Where(b => !ImageIsComplete[b]).Select(b => (long)b)];

    /// <summary>The values of some of the images; the tensors belong to the innermost scope.</summary>
    internal GivenValues Select(BatchSubset images) => new(images.Select(Values_BL), [.. images.Images.Select(b => ImageIsComplete[b])]);

    /// <summary>The given values where known, the generated ones elsewhere.</summary>
    /// <param name="generated_BL">Values for every position.</param>
    internal Tensor Or(Tensor generated_BL) => Known_BL.Where(Values_BL, generated_BL);
}
