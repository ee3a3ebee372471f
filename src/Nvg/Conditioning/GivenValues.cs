using Nvg.Torch;

namespace Nvg.Conditioning;

/// <summary>Labels or tokens of one stage that are given for a batch; its tensors belong to the scope that it is made in.</summary>
internal sealed class GivenValues
{
    /// <param name="values_BL">By position, −1 where nothing is given.</param>
    /// <param name="whole">Images that have everything.</param>
    internal GivenValues(Tensor values_BL, bool[] whole)
    {
        (Values_BL, Whole) = (values_BL, whole);
        Known_BL = values_BL.IsGreater(-1);
    }

    /// <summary>By position, −1 where nothing is given.</summary>
    internal Tensor Values_BL { get; }

    /// <summary>Where something is given, B × L.</summary>
    internal Tensor Known_BL { get; }

    /// <summary>Images that have everything.</summary>
    internal bool[] Whole { get; }

    /// <summary>Whether nothing is left to generate.</summary>
    internal bool IsWhole => Array.TrueForAll(Whole, whole => whole);

    /// <summary>Images that something is left to generate of.</summary>
    internal long[] OpenRows => [.. Enumerable.Range(0, Whole.Length).Where(b => !Whole[b]).Select(b => (long)b)];

    /// <summary>The same for some of the images; the tensors belong to the innermost scope.</summary>
    internal GivenValues Rows(BatchRows rows) => new(rows.Of(Values_BL), [.. rows.Numbers.Select(b => Whole[b])]);
}
