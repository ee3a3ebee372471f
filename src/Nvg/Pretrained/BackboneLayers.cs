using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Pretrained;

/// <summary>The convolutional part of a classifier, divided into slices. Features are compared after each slice.</summary>
internal sealed class BackboneLayers
{
    private readonly Layer[][] _slices;

    /// <param name="path">The root; layers are below <c>features</c>.</param>
    /// <param name="backbone">The network.</param>
    internal BackboneLayers(ParameterPath path, PerceptualBackbone backbone)
    {
        ParameterPath features = path / "features";
        (_slices, Channels) = backbone switch
        {
            PerceptualBackbone.Vgg16 => (Vgg16(features), new[] { 64, 128, 256, 512, 512 }),
            PerceptualBackbone.AlexNet => (AlexNet(features), [64, 192, 384, 256, 256]),
            PerceptualBackbone.SqueezeNet => (SqueezeNet(features), [64, 128, 256, 384, 384, 512, 512]),
            _ => throw new ArgumentOutOfRangeException(nameof(backbone), backbone, null),
        };
    }

    private delegate Tensor Layer(Tensor input_NCHW);

    /// <summary>Number of channels after each slice.</summary>
    internal IReadOnlyList<int> Channels { get; }

    /// <summary>The features after each slice, in the caller's scope.</summary>
    internal Tensor[] Forward(Tensor input_NCHW)
    {
        var outputs = new Tensor[_slices.Length];
        Tensor current = input_NCHW;
        for (int i = 0; i < outputs.Length; i++)
            outputs[i] = current = _slices[i].Aggregate(current, (x, layer) => layer(x));
        return outputs;
    }

    // Numbers are indices in torchvision's list of layers, which includes activations and pooling.
    private static Layer[][] Vgg16(ParameterPath path) =>
    [
        [Convolution(path / 0, 3, 64, 3, 1, 1), Convolution(path / 2, 64, 64, 3, 1, 1)],
        [HalvingPool, Convolution(path / 5, 64, 128, 3, 1, 1), Convolution(path / 7, 128, 128, 3, 1, 1)],
        [
            HalvingPool, Convolution(path / 10, 128, 256, 3, 1, 1), Convolution(path / 12, 256, 256, 3, 1, 1),
            Convolution(path / 14, 256, 256, 3, 1, 1),
        ],
        [
            HalvingPool, Convolution(path / 17, 256, 512, 3, 1, 1), Convolution(path / 19, 512, 512, 3, 1, 1),
            Convolution(path / 21, 512, 512, 3, 1, 1),
        ],
        [
            HalvingPool, Convolution(path / 24, 512, 512, 3, 1, 1), Convolution(path / 26, 512, 512, 3, 1, 1),
            Convolution(path / 28, 512, 512, 3, 1, 1),
        ],
    ];

    private static Layer[][] AlexNet(ParameterPath path) =>
    [
        [Convolution(path / 0, 3, 64, 11, 4, 2)],
        [OverlappingPool(ceiling: false), Convolution(path / 3, 64, 192, 5, 1, 2)],
        [OverlappingPool(ceiling: false), Convolution(path / 6, 192, 384, 3, 1, 1)],
        [Convolution(path / 8, 384, 256, 3, 1, 1)],
        [Convolution(path / 10, 256, 256, 3, 1, 1)],
    ];

    private static Layer[][] SqueezeNet(ParameterPath path) =>
    [
        [Convolution(path / 0, 3, 64, 3, 2, 0)],
        [OverlappingPool(ceiling: true), Fire(path / 3, 64, 16, 64), Fire(path / 4, 128, 16, 64)],
        [OverlappingPool(ceiling: true), Fire(path / 6, 128, 32, 128), Fire(path / 7, 256, 32, 128)],
        [OverlappingPool(ceiling: true), Fire(path / 9, 256, 48, 192)],
        [Fire(path / 10, 384, 48, 192)],
        [Fire(path / 11, 384, 64, 256)],
        [Fire(path / 12, 512, 64, 256)],
    ];

    private static Layer Convolution(ParameterPath path, int input, int output, int kernel, int stride, int padding)
    {
        var convolution = new Conv2d(path, input, output, kernel, stride, padding);
        return x => Functional.Relu(convolution.Forward(x));
    }

    private static Layer Fire(ParameterPath path, int input, int squeezed, int expanded)
    {
        Layer squeeze = Convolution(path / "squeeze", input, squeezed, 1, 1, 0);
        Layer narrow = Convolution(path / "expand1x1", squeezed, expanded, 1, 1, 0);
        Layer wide = Convolution(path / "expand3x3", squeezed, expanded, 3, 1, 1);
        return x =>
        {
            Tensor middle = squeeze(x);
            return Tensor.Cat([narrow(middle), wide(middle)], 1);
        };
    }

    private static Tensor HalvingPool(Tensor x) => Functional.MaxPool(x, 2);

    private static Layer OverlappingPool(bool ceiling) => x => Functional.MaxPool(x, 3, stride: 2, ceiling: ceiling);
}
