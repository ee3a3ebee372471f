using Nvg.Torch.Files;

namespace Nvg.Data.Datasets;

/// <summary>Divides a data set into training and held-out images: the last images of every class are held out.</summary>
/// <param name="Training">Indices of the training images, in order.</param>
/// <param name="HeldOut">Indices of the held-out images, in order.</param>
public sealed record HeldOutSplit(IReadOnlyList<int> Training, IReadOnlyList<int> HeldOut)
{
    /// <summary>Holds out the same number of images per class.</summary>
    /// <param name="data">The data set.</param>
    /// <param name="heldOut">Number of held-out images, rounded down to a multiple of the number of classes.</param>
    /// <exception cref="NvgDataException">A class would have no training image left.</exception>
    public static HeldOutSplit Of(IImageDataset data, int heldOut)
    {
        int perClass = heldOut / data.Classes.Count;
        int[] counts = new int[data.Classes.Count];
        for (int i = 0; i < data.Count; i++)
            counts[data.Label(i)]++;
        int[] left = Array.ConvertAll(counts, count => count - perClass);
        if (perClass > 0 && Array.FindIndex(left, count => count < 1) is var empty and >= 0)
        {
            throw new NvgDataException(
                $"{perClass} of {counts[empty]} images of class {ForeignName.Display(data.Classes[empty])} "
                + "would be held out: hold out fewer");
        }

        List<int> training = [], others = [];
        for (int i = 0; i < data.Count; i++)
            (left[data.Label(i)]-- > 0 ? training : others).Add(i);
        return new HeldOutSplit(training, others);
    }
}
