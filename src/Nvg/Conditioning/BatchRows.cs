using Nvg.Torch;

namespace Nvg.Conditioning;

/// <summary>Some images of a batch: what is wholly given needs no pass of a network.</summary>
internal sealed class BatchRows
{
    private readonly Tensor? _index_R;
    private readonly int _count;

    /// <param name="numbers">The images, ascending.</param>
    /// <param name="count">B, images of the batch.</param>
    /// <param name="device">Where the batch is.</param>
    internal BatchRows(long[] numbers, int count, Device device)
    {
        (Numbers, _count) = (numbers, count);
        // All of them are the batch itself: nothing is copied, nothing is rounded otherwise.
        _index_R = numbers.Length == count ? null : Tensor.From(numbers, numbers.Length).To(device);
    }

    internal long[] Numbers { get; }

    /// <summary>B × … → R × ….</summary>
    internal Tensor Of(Tensor batch) => _index_R is null ? batch.Alias() : batch.IndexSelect(0, _index_R);

    /// <summary>R × L → B × L, zero in the other images.</summary>
    internal Tensor Back(Tensor rows_RL)
    {
        if (_index_R is null)
            return rows_RL.Alias();
        using var scope = new TensorScope();
        Tensor nothing_BL = Tensor.Zeros([_count, rows_RL.Size(1)], rows_RL.ScalarType, rows_RL.Device);
        return scope.Keep(nothing_BL.Scatter(0, _index_R.Unsqueeze(1).Expand(-1, rows_RL.Size(1)).Contiguous(), rows_RL));
    }
}
