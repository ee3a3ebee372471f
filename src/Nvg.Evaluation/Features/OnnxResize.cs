namespace Nvg.Evaluation.Features;

/// <summary>How images are resized to the input of an ONNX network.</summary>
public enum OnnxResize
{
    /// <summary>Antialiased bicubic, as in the Python Imaging Library.</summary>
    Bicubic,

    /// <summary>Bilinear without antialiasing, as in TensorFlow 1.</summary>
    TensorFlow1,
}
