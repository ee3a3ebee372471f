using Nvg.Torch;

namespace Nvg.Sampling;

/// <summary>
/// Compares the split of a stage with the split from half as many steps, and fixes it for every image in which almost no position changed
/// sides. The split of an image depends only on that image, never on the rest of the batch.
/// </summary>
/// <remarks>Shapes: B images, L positions.</remarks>
internal sealed class SplitRefinement : IDisposable
{
    private readonly double _tolerance;
    private readonly bool[] _settled;
    private Tensor? _labels_BL;
    private Tensor? _channel_BL;

    /// <param name="tolerance">Share of an image's positions that may change sides.</param>
    /// <param name="count">B.</param>
    internal SplitRefinement(double tolerance, int count)
    {
        _tolerance = tolerance;
        _settled = new bool[count];
    }

    /// <summary>Whether the splits of all images have settled.</summary>
    internal bool Done => Array.TrueForAll(_settled, s => s);

    /// <summary>The current channel to split by; owned by this object.</summary>
    internal Tensor Channel_BL => _channel_BL ?? throw new InvalidOperationException("no split was added");

    /// <summary>Adds the split from twice as many steps.</summary>
    /// <param name="channel_BL">The channel to split by; borrowed.</param>
    /// <param name="labels_BL">The resulting structure map; borrowed.</param>
    internal void Add(Tensor channel_BL, Tensor labels_BL)
    {
        using var scope = new TensorScope();
        Tensor kept_BL = channel_BL.Alias();
        if (_labels_BL is not null)
        {
            // Images that have settled keep their split.
            long[] settled = Array.ConvertAll(_settled, s => s ? 1L : 0L);
            Tensor settled_B1 = Tensor.From(settled, settled.Length, 1).Send(channel_BL.Device).IsEqual(1);
            kept_BL = settled_B1.Where(_channel_BL!, channel_BL);
            float[] same = labels_BL.IsEqual(_labels_BL).To(ScalarType.Float32).Mean(-1).ToArray<float>();
            for (int b = 0; b < _settled.Length; b++)
                _settled[b] |= 1 - same[b] <= _tolerance;
        }

        _channel_BL?.Dispose();
        _channel_BL = kept_BL.Own();
        _labels_BL?.Dispose();
        _labels_BL = labels_BL.Alias().Own();
    }

    public void Dispose()
    {
        _labels_BL?.Dispose();
        _channel_BL?.Dispose();
    }
}
