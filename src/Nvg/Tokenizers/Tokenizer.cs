using Nvg.Configuration;
using Nvg.Granularity;
using Nvg.Granularity.Construction;
using Nvg.Pretrained;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tokenizers;

/// <summary>
/// The multi-granularity quantized autoencoder, which converts images to granularity sequences and back. Owns its parameters.
/// </summary>
public sealed class Tokenizer : IImageTokenizer, IDisposable
{
    /// <param name="config">Sizes.</param>
    /// <param name="source">Random or stored parameters; the names are those of the published checkpoints.</param>
    /// <param name="decoderType">
    /// Element type of the decoder's computation, or null for the source's type. The encoder always uses the source's type, because
    /// rounding would change tokens.
    /// </param>
    /// <exception cref="ArgumentException">The config is invalid; the message names every problem.</exception>
    public Tokenizer(TokenizerConfig config, ParameterSource source, ScalarType? decoderType = null)
    {
        config.Validate().ThrowIfAny();
        Config = config;
        (Encoder, Decoder, Quantizer, Structure) = Parameters.Build(source, root => (
            new Encoder(root / "encoder", config),
            new Decoder((root / "decoder").In(decoderType), config),
            new Quantizer(root / "quantize", config),
            (config.Structure ?? new StructureStrategyConfig()).Create(VisionTransformer.LoadFeatures)));
    }

    /// <summary>Sizes.</summary>
    public TokenizerConfig Config { get; }

    /// <summary>All parameters by name.</summary>
    public ParameterStore Parameters { get; } = new();

    /// <summary>Maps images to latents.</summary>
    public Encoder Encoder { get; }

    /// <summary>Maps latents to images.</summary>
    public Decoder Decoder { get; }

    /// <summary>Finds the structure maps of images.</summary>
    public IStructureStrategy Structure { get; }

    /// <summary>Maps latents to content and canvases.</summary>
    public Quantizer Quantizer { get; }

    /// <summary>Encodes images as sequences.</summary>
    /// <param name="images">B × 3 × H × W in [−1, 1]; borrowed.</param>
    /// <returns>The sequences; the caller disposes them.</returns>
    public GranularitySequence Encode(Tensor images)
    {
        GranularitySequence sequence = Encode(images, out Tensor latent_BLC);
        latent_BLC.Dispose();
        return sequence;
    }

    /// <summary>Encodes images as sequences and returns their latents as well.</summary>
    /// <param name="images">B × 3 × H × W in [−1, 1]; borrowed.</param>
    /// <param name="latent_BLC">B × L × C; belongs to the caller.</param>
    /// <param name="structure">A strategy to use instead of the tokenizer's own, or null; borrowed.</param>
    /// <returns>The sequences; the caller disposes them.</returns>
    public GranularitySequence Encode(Tensor images, out Tensor latent_BLC, IStructureStrategy? structure = null)
    {
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        latent_BLC = scope.Keep(Positions.FromMap(Encoder.Forward(images)));
        PredictedValues.RequireFinite(latent_BLC, "encoder");
        Tensor structure_BSL = (structure ?? Structure).Build(latent_BLC, images, Config.Grid).To(latent_BLC.Device);
        return Quantizer.Quantize(latent_BLC, structure_BSL);
    }

    /// <summary>Decodes canvases.</summary>
    /// <param name="canvas_BLC">B × L × C; borrowed.</param>
    /// <returns>Images, B × 3 × H × W, clamped to [−1, 1].</returns>
    /// <exception cref="NvgDataException">The canvas or image is not finite: the weights are damaged or cause overflow.</exception>
    public Tensor Decode(Tensor canvas_BLC) => Decode(canvas_BLC, null);

    /// <summary>Same as <see cref="Decode(Tensor)"/>, with image names for messages.</summary>
    internal Tensor Decode(Tensor canvas_BLC, Func<long, string>? describe)
    {
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        // After clamping and rounding to bytes, NaN would look like a black image.
        PredictedValues.RequireFinite(canvas_BLC, "quantizer", describe);
        Tensor images = Decoder.Forward(Positions.ToMap(canvas_BLC, Config.Grid));
        PredictedValues.RequireFinite(images, "decoder", describe);
        return scope.Keep(images.Clamp(-1, 1));
    }

    /// <inheritdoc/>
    int IImageTokenizer.ImageSize => Config.ImageSize;

    /// <inheritdoc/>
    int IImageTokenizer.StageCount => Config.Grid.StageCount;

    /// <inheritdoc/>
    int IImageTokenizer.CodebookSize => Config.CodebookSize;

    /// <inheritdoc/>
    Device IImageTokenizer.Device => Quantizer.Codebook.Device;

    /// <inheritdoc/>
    int IImageTokenizer.TokenCount(int stage) => LatentGrid.TokenCount(stage);

    /// <inheritdoc/>
    IImageDescription IImageTokenizer.Describe(Tensor images) => new SequenceDescription(this, Encode(images));

    /// <inheritdoc/>
    public void Dispose()
    {
        Structure.Dispose();
        Parameters.Dispose();
    }
}
