namespace Nvg.Evaluation.Features;

/// <summary>
/// How images are resized to the 299 × 299 of Inception-2015, and the matching scaling of values. Metrics with different resizes
/// cannot be compared: for small images, the resize changes a metric by more than the difference between models.
/// </summary>
public enum ImageResize
{
    /// <summary>
    /// As in the graph of the published network: bilinear without half-pixel centres and without antialiasing, values
    /// (x − 128) / 128. Published FID, sFID and IS of class-conditional models use it.
    /// </summary>
    TensorFlow1,

    /// <summary>
    /// Bicubic with antialiasing, as in the Python Imaging Library for floating-point images; values are clamped to 0…255, then
    /// scaled as (x − 128) / 128: "clean-FID".
    /// </summary>
    Clean,

    /// <summary>PyTorch's bilinear (half-pixel centres, no antialiasing) of values 2 x / 255 − 1, as in PyTorch ports of FID.</summary>
    PyTorch,
}
