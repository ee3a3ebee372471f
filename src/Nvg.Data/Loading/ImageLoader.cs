using System.Collections.Concurrent;
using Nvg.Data.Datasets;
using Nvg.Imaging;
using Nvg.Torch;

namespace Nvg.Data.Loading;

/// <summary>
/// Squares of a data set for training. What was announced is read by background threads meanwhile; anything else, and
/// pixels that only need copying, when it is asked for. The result is the same in either case.
/// </summary>
public sealed class ImageLoader : IDisposable
{
    private readonly IImageDataset _data;
    private readonly Func<long, int, ImageCrop> _crop;
    private readonly Device _device;
    private readonly ConcurrentDictionary<(long Step, int Example), Task<byte[]>> _announced = new();
    private readonly CancellationTokenSource _stop = new();

    /// <param name="data">The images; borrowed.</param>
    /// <param name="crop">Decides which square of an example a step looks at; called from many threads.</param>
    /// <param name="device">Where batches go.</param>
    public ImageLoader(IImageDataset data, Func<long, int, ImageCrop> crop, Device device = default) => (_data, _crop, _device) = (data, crop, device);

    /// <summary>Begins to read what <see cref="Load"/> will be asked for.</summary>
    public void Prefetch(long step, IReadOnlyList<int> examples)
    {
        if (!_data.IsEncoded)
            return;
        foreach (int example in examples)
            _announced.GetOrAdd((step, example), key => Task.Run(() => Square(key.Step, key.Example), _stop.Token));
    }

    /// <summary>The squares of a step.</summary>
    /// <param name="step">The step.</param>
    /// <param name="examples">Numbers of the images.</param>
    /// <returns>B × 3 × size × size in [−1, 1].</returns>
    /// <exception cref="NvgDataException">An image cannot be read.</exception>
    public Tensor Load(long step, IReadOnlyList<int> examples)
    {
        int bytes = _data.Size * _data.Size * RgbImage.Channels;
        byte[] pixels = new byte[examples.Count * bytes];
        var taken = new Dictionary<int, byte[]>();
        for (int i = 0; i < examples.Count; i++)
        {
            int example = examples[i];
            if (_announced.TryRemove((step, example), out Task<byte[]>? announced))
                taken[example] = announced.GetAwaiter().GetResult();
            // An image can stand twice in a batch, where one epoch follows the other.
            if (taken.TryGetValue(example, out byte[]? square))
                square.CopyTo(pixels, i * bytes);
            else
                _data.CopySquare(example, _crop(step, example), pixels.AsSpan(i * bytes, bytes));
        }

        return ImageTensor.ToTensor(pixels, examples.Count, _data.Size, _data.Size, _device);
    }

    /// <summary>Gives up what was announced and not asked for.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        // The data set goes after this object: nobody may read it then.
        Task.WhenAll(_announced.Values).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).Wait();
        _stop.Dispose();
    }

    private byte[] Square(long step, int example)
    {
        byte[] square = new byte[_data.Size * _data.Size * RgbImage.Channels];
        _data.CopySquare(example, _crop(step, example), square);
        return square;
    }
}
