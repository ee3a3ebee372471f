using Nvg.Torch;

namespace Nvg.Conditioning;

/// <summary>Some images of a batch. Completely given images need no forward pass, so only the others are computed.</summary>
/// <remarks>Shapes: B images of the batch, R images of the subset, L positions.</remarks>
internal sealed class BatchSubset
{
    private readonly Tensor? _index_R;
    private readonly int _count;

    /// <param name="images">Indices of the images, ascending.</param>
    /// <param name="count">B.</param>
    /// <param name="device">Device of the batch.</param>
    internal BatchSubset(long[] images, int count, Device device)
    {
        (Images, _count) = (images, count);
        // A complete batch is used without copying, so rounding does not change.
        _index_R = images.Length == count ? null : Tensor.From(images, images.Length).Send(device);
    }

    /// <summary>Indices of the images in the batch.</summary>
    internal long[] Images { get; }

    /// <summary>B × … → R × ….</summary>
    internal Tensor Select(Tensor batch) => _index_R is null ? batch.Alias() : batch.IndexSelect(0, _index_R);

    /// <summary>B × N with the rows of the subset replaced.</summary>
    internal Tensor Replace(Tensor batch_BN, Tensor subset_RN)
    {
        if (_index_R is null)
            return subset_RN.Alias();
        using var scope = new TensorScope();
        return scope.Keep(batch_BN.Scatter(0, _index_R.Unsqueeze(1).Expand(-1, subset_RN.Size(1)).Contiguous(), subset_RN));
    }

    /// <summary>R × L → B × L, zero in the other images.</summary>
    internal Tensor Restore(Tensor subset_RL)
    {
        if (_index_R is null)
            return subset_RL.Alias();
        using var scope = new TensorScope();
        Tensor zeros_BL = Tensor.Zeros([_count, subset_RL.Size(1)], subset_RL.ScalarType, subset_RL.Device);
        return scope.Keep(zeros_BL.Scatter(0, _index_R.Unsqueeze(1).Expand(-1, subset_RL.Size(1)).Contiguous(), subset_RL));
    }
}
