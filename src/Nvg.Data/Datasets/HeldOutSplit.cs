namespace Nvg.Data.Datasets;

/// <summary>Divides a data set: the last images of every class are held out, the others trained on.</summary>
/// <param name="Training">Numbers of the images to train on, in order.</param>
/// <param name="HeldOut">Numbers of the others, in order.</param>
public sealed record HeldOutSplit(IReadOnlyList<int> Training, IReadOnlyList<int> HeldOut)
{
    /// <summary>Holds out images in equal shares of the classes.</summary>
    /// <param name="data">The data set.</param>
    /// <param name="heldOut">How many in all, rounded down to a multiple of the number of classes.</param>
    /// <exception cref="NvgDataException">A class would have nothing left.</exception>
    public static HeldOutSplit Of(PackedDataset data, int heldOut)
    {
        int perClass = heldOut / data.Classes.Count;
        int[] left = [.. data.Description.Classes.Select(c => c.Count - perClass)];
        if (perClass > 0 && Array.FindIndex(left, count => count < 1) is var empty and >= 0)
            throw new NvgDataException($"{perClass} of {data.Description.Classes[empty].Count} images of the class {data.Classes[empty]} would be held out: hold out fewer");
        List<int> training = [], others = [];
        for (int i = 0; i < data.Count; i++)
            (left[data.Label(i)]-- > 0 ? training : others).Add(i);
        return new HeldOutSplit(training, others);
    }
}
