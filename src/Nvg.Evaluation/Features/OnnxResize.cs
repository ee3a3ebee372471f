namespace Nvg.Evaluation.Features;

/// <summary>How images are resized to the input of an ONNX network.</summary>
public enum OnnxResize
{
    /// <summary>Antialiased bicubic, as the Python Imaging Library does it.</summary>
    Bicubic,

    /// <summary>Bilinear without antialiasing, as TensorFlow 1 does it.</summary>
    TensorFlow1,
}
