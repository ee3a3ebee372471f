namespace Nvg.Evaluation.Features;

/// <summary>
/// How images come to the 299 × 299 of Inception-2015, with the scaling of values that belongs to it. Figures of
/// different ways cannot be compared: at small images they differ by more than models do.
/// </summary>
public enum ImageResize
{
    /// <summary>
    /// As in the graph of the published network: bilinear without the shift of half a pixel and without smoothing,
    /// values (x − 128) / 128. What published FID, sFID and IS of class-conditional models are measured with.
    /// </summary>
    TensorFlow1,

    /// <summary>Bicubic with smoothing, as the Python Imaging Library resizes real numbers; values limited to 0…255, (x − 128) / 128: "clean-FID".</summary>
    Clean,

    /// <summary>PyTorch's bilinear (shift of half a pixel, no smoothing) of values 2 x / 255 − 1, as PyTorch ports of FID do it.</summary>
    PyTorch,
}
