using Nvg.Configuration;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Var.Tokenizers;

/// <summary>The multi-scale quantized autoencoder of VAR, which converts images to token maps and back. Owns its parameters.</summary>
/// <remarks>Latents and canvases are maps, B × C × n × n.</remarks>
public sealed class VarTokenizer : IImageTokenizer, IDisposable
{
    private readonly Conv2d _afterEncoder;
    private readonly Conv2d _beforeDecoder;

    /// <param name="config">Sizes.</param>
    /// <param name="source">Random or stored parameters; the names are those of the published checkpoints.</param>
    /// <param name="decoderType">
    /// Element type of the decoder's computation, or null for the source's type. The encoder always uses the source's type, because
    /// rounding would change tokens.
    /// </param>
    /// <exception cref="ArgumentException">The config is invalid; the message names every problem.</exception>
    public VarTokenizer(VarTokenizerConfig config, ParameterSource source, ScalarType? decoderType = null)
    {
        config.Validate().ThrowIfAny();
        Config = config;
        int channels = config.LatentChannels;
        var layers = new ScaleLayers(config.NormGroups);
        (Encoder, Decoder, Quantizer, _afterEncoder, _beforeDecoder) = Parameters.Build(source, root => (
            new Encoder(root / "encoder", config, layers),
            new Decoder((root / "decoder").In(decoderType), config, layers),
            new ScaleQuantizer(root / "quantize", config),
            new Conv2d(root / "quant_conv", channels, channels, 3, padding: 1),
            new Conv2d((root / "post_quant_conv").In(decoderType), channels, channels, 3, padding: 1)));
    }

    /// <summary>Sizes.</summary>
    public VarTokenizerConfig Config { get; }

    /// <summary>All parameters by name.</summary>
    public ParameterStore Parameters { get; } = new();

    /// <summary>Maps images to features, which a final convolution converts to latents.</summary>
    public Encoder Encoder { get; }

    /// <summary>Maps features to images.</summary>
    public Decoder Decoder { get; }

    /// <summary>Maps latents to token maps and canvases.</summary>
    public ScaleQuantizer Quantizer { get; }

    /// <summary>Computes the latents of images.</summary>
    /// <param name="images">B × 3 × H × W in [−1, 1]; borrowed.</param>
    public Tensor Latent(Tensor images)
    {
        using Tensor features = Encoder.Forward(images);
        return LatentOf(features);
    }

    /// <summary>Decodes latents or canvases for training; differentiable and not clamped.</summary>
    /// <param name="canvas_BCHW">Borrowed.</param>
    public Tensor DecodeUnclamped(Tensor canvas_BCHW)
    {
        using Tensor features = _beforeDecoder.Forward(canvas_BCHW);
        return Decoder.Forward(features);
    }

    /// <summary>Encodes images as token maps.</summary>
    /// <param name="images">B × 3 × H × W in [−1, 1]; borrowed.</param>
    /// <returns>The maps; the caller disposes them.</returns>
    public TokenMaps Encode(Tensor images)
    {
        using InferenceMode inference = Autograd.Inference();
        using Tensor latent = Latent(images);
        return Quantizer.Quantize(latent);
    }

    /// <summary>Decodes canvases.</summary>
    /// <param name="canvas_BCHW">Borrowed.</param>
    /// <returns>Images, B × 3 × H × W, clamped to [−1, 1].</returns>
    public Tensor Decode(Tensor canvas_BCHW)
    {
        using InferenceMode inference = Autograd.Inference();
        using Tensor images = DecodeUnclamped(canvas_BCHW);
        return images.Clamp(-1, 1);
    }

    /// <inheritdoc/>
    int IImageTokenizer.ImageSize => Config.ImageSize;

    /// <inheritdoc/>
    int IImageTokenizer.StageCount => Quantizer.Scales.Count;

    /// <inheritdoc/>
    int IImageTokenizer.CodebookSize => Config.CodebookSize;

    /// <inheritdoc/>
    Device IImageTokenizer.Device => Quantizer.Codebook.Device;

    /// <inheritdoc/>
    int IImageTokenizer.TokenCount(int stage) => Quantizer.Scales.Start(stage + 1);

    /// <inheritdoc/>
    IImageDescription IImageTokenizer.Describe(Tensor images) => new MapsDescription(this, Encode(images));

    /// <inheritdoc/>
    public void Dispose() => Parameters.Dispose();

    /// <summary>The convolution between encoder and quantizer.</summary>
    internal Tensor LatentOf(Tensor features)
    {
        using Tensor latent = _afterEncoder.Forward(features);
        return latent.To(ScalarType.Float32);
    }
}
