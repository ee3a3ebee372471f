using Microsoft.ML.OnnxRuntime;
using Nvg.Torch;

namespace Nvg.Evaluation.Features;

/// <summary>The input of an ONNX network: its name, layout and size, and how it is made from images.</summary>
internal sealed class OnnxInput
{
    private const int Channels = 3;

    private readonly OnnxFeatureOptions _options;
    private readonly bool _channelsLast;

    private OnnxInput(string name, int side, int? batch, bool channelsLast, OnnxFeatureOptions options) =>
        (Name, Side, Batch, _channelsLast, _options) = (name, side, batch, channelsLast, options);

    /// <summary>Name of the input.</summary>
    internal string Name { get; }

    /// <summary>Side of the input in pixels.</summary>
    internal int Side { get; }

    /// <summary>The only batch size that the network accepts, or null for any.</summary>
    internal int? Batch { get; }

    /// <summary>The input of a network.</summary>
    /// <exception cref="NvgDataException">The input is not an image, or neither the network nor the settings give its size.</exception>
    internal static OnnxInput Of(string path, InferenceSession session, OnnxFeatureOptions options)
    {
        string name = options.Input ?? (session.InputNames is [var only] ? only : throw NvgDataException.At(
            path, $"has the inputs {string.Join(", ", session.InputNames)}", "name the one for images: input=NAME"));
        if (!session.InputMetadata.TryGetValue(name, out NodeMetadata? input))
            throw NvgDataException.At(path, $"has no input '{name}'; its inputs are {string.Join(", ", session.InputNames)}");
        int[] shape = input.Dimensions;
        bool last = shape.Length == 4 && shape[3] == Channels && shape[1] != Channels;
        if (input.ElementType != typeof(float) || shape.Length != 4 || (!last && shape[1] is not (Channels or < 1)))
        {
            throw NvgDataException.At(
                path, $"its input '{name}' is {input.ElementType.Name}[{string.Join(", ", shape)}], not float images of three channels");
        }

        (int height, int width) = last ? (shape[1], shape[2]) : (shape[2], shape[3]);
        if (height > 0 && width > 0 && height != width)
            throw NvgDataException.At(path, $"takes images of {width} × {height}", "give a network with a square input");
        int? own = height > 0 ? height : width > 0 ? width : null;
        if (own is { } fixedSide && options.Side is { } given && given != fixedSide)
            throw NvgDataException.At(path, $"takes images of {fixedSide} × {fixedSide}, but side is {given}");
        int side = own ?? options.Side ?? throw NvgDataException.At(path, "takes images of any size", "name one: side=224");
        return new OnnxInput(name, side, shape[0] > 0 ? shape[0] : null, last, options);
    }

    /// <summary>Converts uint8 N × H × W × 3 to the network's float32 input.</summary>
    internal Tensor Prepare(Tensor images_NHWC)
    {
        using var scope = new TensorScope();
        Tensor pixels_NCHW = images_NHWC.To(Device.Cpu).Permute(0, 3, 1, 2).To(ScalarType.Float32).Contiguous();
        bool fits = pixels_NCHW.Size(2) == Side && pixels_NCHW.Size(3) == Side;
        Tensor resized_NCHW = fits ? pixels_NCHW
            : _options.Resize == OnnxResize.Bicubic ? InceptionInput.Bicubic(pixels_NCHW, Side).Clamp(0, 255)
            : InceptionInput.Bilinear(pixels_NCHW, Side);
        (IReadOnlyList<double> mean, IReadOnlyList<double> std) = _options.Affine;
        Tensor normal_NCHW = (resized_NCHW / 255.0 - PerChannel(mean)) / PerChannel(std);
        Tensor ordered_NCHW = _options.Bgr ? normal_NCHW.Flip(1) : normal_NCHW;
        return scope.Keep((_channelsLast ? ordered_NCHW.Permute(0, 2, 3, 1) : ordered_NCHW).Contiguous());
    }

    private static Tensor PerChannel(IReadOnlyList<double> values) => Tensor.From([.. values.Select(v => (float)v)], 1, Channels, 1, 1);
}
