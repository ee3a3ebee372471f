using Nvg.Data.Datasets;
using Nvg.Data.Loading;
using Nvg.Imaging;
using Nvg.Previews;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Training.Optimization;

namespace Nvg.Training.Tasks;

/// <summary>The preview image of a tokenizer in training.</summary>
internal static class ReconstructionPreview
{
    private const int Examples = 8;

    /// <summary>Images of the data set in the upper row, their reconstructions in the lower row.</summary>
    /// <param name="tokenizer">Borrowed.</param>
    /// <param name="data">Images of the tokenizer's size; borrowed.</param>
    internal static RgbImage Draw(IImageTokenizer tokenizer, IImageDataset data)
    {
        using Tensor images_BCHW = DatasetBatch.Load(data, DataOrder.Spread(data.Count, Examples), device: tokenizer.Device);
        return Reconstruction.Sheet(tokenizer, ImageTensor.ToImages(images_BCHW));
    }
}
