using Nvg.Torch;

namespace Nvg.Sampling;

/// <summary>Labels or tokens of one stage that are given for a batch; the tensors belong to the scope that they were made in.</summary>
/// <param name="Values_BL">By position, −1 where nothing is given.</param>
/// <param name="Whole">Images that have everything.</param>
internal sealed record GivenValues(Tensor Values_BL, bool[] Whole)
{
    /// <summary>Whether nothing is left to generate.</summary>
    internal bool IsWhole => Array.TrueForAll(Whole, whole => whole);

    /// <summary>Images that something is left to generate of.</summary>
    internal long[] OpenRows => [.. Enumerable.Range(0, Whole.Length).Where(b => !Whole[b]).Select(b => (long)b)];

    /// <summary>Where something is given, B × L.</summary>
    internal Tensor Known_BL => Values_BL.IsGreater(-1);

    /// <summary>The same for some of the images.</summary>
    internal GivenValues Rows(BatchRows rows) => new(rows.Of(Values_BL), [.. rows.Numbers.Select(b => Whole[b])]);
}
