using Nvg.Torch;

namespace Nvg.Sampling;

/// <summary>
/// Watches the split that each step of a structure stage points to, and keeps it for every image from where it has settled:
/// twice in a row almost no position changed sides. An image's split depends on the image alone, never on the others.
/// </summary>
/// <remarks>Shapes: B images, L positions.</remarks>
internal sealed class SplitSettling : IDisposable
{
    private const int QuietSteps = 2;

    private readonly double _tolerance;
    private readonly int[] _quiet;
    private Tensor? _previous_BL;
    private Tensor? _kept_BL;

    /// <param name="tolerance">Share of an image's positions that may change sides.</param>
    /// <param name="count">B.</param>
    internal SplitSettling(double tolerance, int count)
    {
        _tolerance = tolerance;
        _quiet = new int[count];
    }

    /// <summary>Whether all images have settled.</summary>
    internal bool Done => Array.TrueForAll(_quiet, q => q >= QuietSteps);

    /// <summary>Takes the next step's view.</summary>
    /// <param name="channel_BL">The channel of the split, as the step predicts its end; borrowed.</param>
    /// <param name="labels_BL">The map that this channel gives; borrowed.</param>
    internal void Add(Tensor channel_BL, Tensor labels_BL)
    {
        using var scope = new TensorScope();
        bool[] settled = Array.ConvertAll(_quiet, q => q >= QuietSteps);
        Tensor next_BL = channel_BL;
        if (_previous_BL is not null)
        {
            float[] changed = (1 - labels_BL.IsEqual(_previous_BL).To(ScalarType.Float32)).Mean(-1).ToArray<float>();
            for (int b = 0; b < _quiet.Length; b++)
                _quiet[b] = settled[b] ? _quiet[b] : changed[b] <= _tolerance ? _quiet[b] + 1 : 0;
            // What had settled before stays as it was.
            Tensor settled_B1 = Tensor.From(Array.ConvertAll(settled, s => s ? 1L : 0L), settled.Length, 1).To(channel_BL.Device).IsEqual(1);
            next_BL = settled_B1.Where(_kept_BL!, channel_BL);
        }

        _kept_BL?.Dispose();
        _kept_BL = next_BL.Alias().Own();
        _previous_BL?.Dispose();
        _previous_BL = labels_BL.Alias().Own();
    }

    /// <summary>The channel to split by: the kept one of images that have settled, <paramref name="final_BL"/> of the others.</summary>
    internal Tensor Choose(Tensor final_BL)
    {
        using var scope = new TensorScope();
        Tensor settled_B1 = Tensor.From(Array.ConvertAll(_quiet, q => q >= QuietSteps ? 1L : 0L), _quiet.Length, 1).To(final_BL.Device).IsEqual(1);
        return scope.Keep(_kept_BL is null ? final_BL.Alias() : settled_B1.Where(_kept_BL, final_BL));
    }

    public void Dispose()
    {
        _previous_BL?.Dispose();
        _kept_BL?.Dispose();
    }
}
