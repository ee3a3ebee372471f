using System.Collections.Concurrent;
using Nvg.Data.Datasets;
using Nvg.Imaging;
using Nvg.Torch;

namespace Nvg.Data.Loading;

/// <summary>
/// Loads crops of a data set for training. Prefetched images are decoded on background threads; others are read on demand. The result is
/// the same in both cases.
/// </summary>
public sealed class ImageLoader : IDisposable
{
    private readonly IImageDataset _data;
    private readonly Func<long, int, ImageCrop> _crop;
    private readonly Device _device;
    private readonly ConcurrentDictionary<(long Step, int Example), Task<byte[]>> _prefetched = new();
    private readonly CancellationTokenSource _stop = new();

    /// <param name="data">The images; borrowed.</param>
    /// <param name="crop">Returns the crop of an example in a step; called from many threads.</param>
    /// <param name="device">Target device of the batches.</param>
    public ImageLoader(IImageDataset data, Func<long, int, ImageCrop> crop, Device device = default) =>
        (_data, _crop, _device) = (data, crop, device);

    /// <summary>Starts reading the images of an upcoming <see cref="Load"/>.</summary>
    public void Prefetch(long step, IReadOnlyList<int> examples)
    {
        if (!_data.IsEncoded)
            return;
        foreach (int example in examples)
            _prefetched.GetOrAdd((step, example), key => Task.Run(() => Square(key.Step, key.Example), _stop.Token));
    }

    /// <summary>Loads the images of a step.</summary>
    /// <param name="step">The step.</param>
    /// <param name="examples">Indices of the images.</param>
    /// <returns>B × 3 × size × size in [−1, 1].</returns>
    /// <exception cref="NvgDataException">An image cannot be read.</exception>
    public Tensor Load(long step, IReadOnlyList<int> examples)
    {
        int bytes = _data.Size * _data.Size * RgbImage.Channels;
        byte[] pixels = PixelBuffer.For(examples.Count, _data.Size);
        var taken = new Dictionary<int, byte[]>();
        for (int i = 0; i < examples.Count; i++)
        {
            int example = examples[i];
            if (_prefetched.TryRemove((step, example), out Task<byte[]>? prefetched))
                taken[example] = prefetched.GetAwaiter().GetResult();
            // An image can appear twice in a batch that spans the end of an epoch.
            if (taken.TryGetValue(example, out byte[]? square))
                square.CopyTo(pixels, i * bytes);
            else
                _data.CopySquare(example, _crop(step, example), pixels.AsSpan(i * bytes, bytes));
        }

        return ImageTensor.ToTensor(pixels, examples.Count, _data.Size, _data.Size, _device);
    }

    /// <summary>Cancels prefetching and waits for reads in progress.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        // The data set is disposed after this object, so no read may still be in progress.
        Task all = Task.WhenAll(_prefetched.Values);
        all.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing).GetAwaiter().GetResult();
        _stop.Dispose();
    }

    private byte[] Square(long step, int example)
    {
        byte[] square = new byte[_data.Size * _data.Size * RgbImage.Channels];
        _data.CopySquare(example, _crop(step, example), square);
        return square;
    }
}
