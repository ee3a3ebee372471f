using Nvg.Pretrained;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Optimization;

namespace Nvg.Training.Adversarial;

/// <summary>
/// The discriminator of the paper: small heads on the features of a frozen DINO vision transformer, after the patch embedding and
/// after some of its blocks (docs/method.md, section 3.6). The input of a head is the sum of patch tokens and class token.
/// </summary>
/// <remarks>Shapes: N images, W width of the transformer, T patches.</remarks>
internal sealed class DinoDiscriminator : IDiscriminator
{
    private const int KernelSize = 9;

    // Images larger than the transformer's input are cropped with this probability, and resized otherwise.
    private const double CropShare = 0.5;

    private readonly VisionTransformer _backbone;
    private readonly int[] _keyBlocks;
    private readonly int _side;
    private readonly Head[] _heads;

    /// <param name="heads">Path of the heads' parameters, which are learned.</param>
    /// <param name="backbone">The frozen transformer; owned by the discriminator.</param>
    /// <param name="keyBlocks">Zero-based blocks that feed a head; the patch embedding feeds one more.</param>
    internal DinoDiscriminator(ParameterPath heads, VisionTransformer backbone, IEnumerable<int> keyBlocks)
    {
        _backbone = backbone;
        _keyBlocks = [.. keyBlocks.Where(b => b < backbone.Config.Depth)];
        _side = backbone.Config.TableSide * backbone.Config.PatchSize;
        _heads = [.. Enumerable.Range(0, _keyBlocks.Length + 1).Select(i => new Head(heads / i, backbone.Config.Width))];
    }

    /// <inheritdoc/>
    public string Fingerprint => _backbone.Fingerprint;

    /// <inheritdoc/>
    public Tensor Forward(Tensor images_NCHW, bool training, HostRandom random)
    {
        using var scope = new TensorScope();
        Tensor[] seen = Activations(Fit(_backbone.Normalize(images_NCHW), random));
        return scope.Keep(Tensor.Cat([.. _heads.Select((head, i) => head.Forward(seen[i], training))], 1));
    }

    /// <summary>Inputs of the heads, each N × W × T, in the caller's scope.</summary>
    internal Tensor[] Activations(Tensor normalized_NCHW)
    {
        Tensor x_NTW = _backbone.Embed(normalized_NCHW);
        List<Tensor> activations = [Readout(x_NTW)];
        int last = _keyBlocks.Length == 0 ? -1 : _keyBlocks.Max();
        for (int i = 0; i <= last; i++)
        {
            x_NTW = _backbone.Block(i, x_NTW);
            if (_keyBlocks.Contains(i))
                activations.Add(Readout(x_NTW));
        }

        return [.. activations];
    }

    /// <summary>Logits of one head.</summary>
    internal Tensor HeadLogits(int head, Tensor activation_NWT) => _heads[head].Forward(activation_NWT, training: false);

    /// <summary>The normalised weights of the heads, by name below the heads' path; in the caller's scope.</summary>
    internal IEnumerable<(string Name, Tensor Weight)> Weights() =>
        _heads.SelectMany((head, i) => head.Weights().Select(w => ($"{i}.{w.Name}", w.Weight)));

    /// <inheritdoc/>
    public void Dispose() => _backbone.Dispose();

    /// <summary>
    /// Resizes images to the input size of the transformer: bicubic enlargement for small images, area reduction or a random crop
    /// for large ones.
    /// </summary>
    internal Tensor Fit(Tensor normalized_NCHW, HostRandom random)
    {
        long height = normalized_NCHW.Size(2), width = normalized_NCHW.Size(3);
        if (height == _side && width == _side)
            return normalized_NCHW;
        if (height < _side || width < _side)
            return Functional.ResizeBicubic(normalized_NCHW, _side, _side);
        if (random.Next() >= CropShare)
            return Functional.ResizeArea(normalized_NCHW, _side, _side);
        int top = random.Next((int)height - _side + 1), left = random.Next((int)width - _side + 1);
        return normalized_NCHW.Narrow(2, top, _side).Narrow(3, left, _side);
    }

    private static Tensor Readout(Tensor x_NTW)
    {
        long patches = x_NTW.Size(1) - 1;
        return (x_NTW.Narrow(1, 1, patches) + x_NTW.Narrow(1, 0, 1)).Transpose(1, 2);
    }

    /// <summary>A block with kernel size 1, a block with kernel size 9 and a shortcut, and one logit per patch.</summary>
    private sealed class Head(ParameterPath path, int width)
    {
        private readonly HeadBlock _narrow = new(path / 0, width, 1);
        private readonly HeadBlock _wide = new(path / 1 / "fn", width, KernelSize);
        private readonly SpectralConv1d _logits = new(path / 2, width, 1, 1);

        internal IEnumerable<(string Name, Tensor Weight)> Weights() =>
        [
            ("0.0", _narrow.Convolution.Weight(iterate: false)),
            ("1.fn.0", _wide.Convolution.Weight(iterate: false)),
            ("2", _logits.Weight(iterate: false)),
        ];

        internal Tensor Forward(Tensor x_NWT, bool training)
        {
            using var scope = new TensorScope();
            Tensor h = _narrow.Forward(x_NWT, training);
            Tensor mixed = (_wide.Forward(h, training) + h) * (1 / Math.Sqrt(2));
            return scope.Keep(_logits.Forward(mixed, training).To(ScalarType.Float32).Reshape(x_NWT.Size(0), -1));
        }
    }

    private sealed class HeadBlock(ParameterPath path, int width, int kernelSize)
    {
        private const double Slope = 0.2;

        private readonly VirtualBatchNorm _norm = new(path / 1, width);

        internal SpectralConv1d Convolution { get; } = new(path / 0, width, width, kernelSize);

        internal Tensor Forward(Tensor x_NWT, bool training) =>
            Functional.LeakyRelu(_norm.Forward(Convolution.Forward(x_NWT, training)), Slope);
    }
}
