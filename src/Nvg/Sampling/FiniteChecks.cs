using Nvg.Tokenizers;
using Nvg.Torch;

namespace Nvg.Sampling;

/// <summary>
/// Rejects NaN and infinite predictions at the end of a batch. All results are copied to the host at once, because every single copy would
/// wait for the GPU. As with immediate checks, the message names the first part that failed.
/// </summary>
internal sealed class FiniteChecks : IDisposable
{
    private readonly List<Check> _open = [];

    /// <summary>Registers values to be checked.</summary>
    /// <param name="values">One row per image; borrowed.</param>
    /// <param name="part">The part of the model, as named in messages.</param>
    /// <param name="describe">Names an image by its row.</param>
    internal void Add(Tensor values, string part, Func<long, string> describe)
    {
        using var scope = new TensorScope();
        long rows = values.Size(0);
        Tensor finite_R = values.IsFinite().Reshape(rows, -1).Sum(1);
        _open.Add(new Check(finite_R.Own(), values.ElementCount / rows, part, describe));
    }

    /// <summary>Reads the results of all pending checks.</summary>
    /// <exception cref="NvgDataException">A value was NaN or infinite; the message names image and part.</exception>
    internal void Require()
    {
        if (_open.Count == 0)
            return;
        using var scope = new TensorScope();
        long[] counts = Tensor.Cat([.. _open.Select(check => check.Finite_R)], 0).ToArray<long>();
        int next = 0;
        foreach (Check check in _open)
        {
            long rows = check.Finite_R.ElementCount;
            for (long row = 0; row < rows; row++)
            {
                if (counts[next++] != check.ValuesPerRow)
                    throw PredictedValues.NotFinite(check.Describe(row), check.Part);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Check check in _open)
            check.Finite_R.Dispose();
        _open.Clear();
    }

    private sealed record Check(Tensor Finite_R, long ValuesPerRow, string Part, Func<long, string> Describe);
}
