using Nvg.Granularity;
using Nvg.Granularity.Construction;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tokenizers;

/// <summary>The multi-granularity quantized autoencoder: images to granularity sequences and back. Owns its parameters.</summary>
public sealed class Tokenizer : IDisposable
{
    /// <param name="config">Sizes.</param>
    /// <param name="source">Fresh or stored parameters; names are those of the published checkpoints.</param>
    /// <param name="decoderType">
    /// Element type that the decoder computes in, null for the source's. The encoder has none of its own: rounding would move tokens.
    /// </param>
    /// <exception cref="ArgumentException">The sizes contradict each other; every problem is named.</exception>
    public Tokenizer(TokenizerConfig config, ParameterSource source, ScalarType? decoderType = null)
    {
        if (config.Validate().ToList() is { Count: > 0 } problems)
            throw new ArgumentException(string.Join("; ", problems));
        Config = config;
        var root = new ParameterPath(Parameters, source);
        try
        {
            Encoder = new Encoder(root / "encoder", config);
            Decoder = new Decoder((root / "decoder").In(decoderType), config);
            Quantizer = new Quantizer(root / "quantize", config);
            Structure = (config.Structure ?? new StructureStrategyConfig()).Create();
        }
        catch
        {
            Parameters.Dispose();
            throw;
        }
    }

    /// <summary>Sizes.</summary>
    public TokenizerConfig Config { get; }

    /// <summary>All parameters by their published names.</summary>
    public ParameterStore Parameters { get; } = new();

    /// <summary>Images to latents.</summary>
    public Encoder Encoder { get; }

    /// <summary>Latents to images.</summary>
    public Decoder Decoder { get; }

    /// <summary>Images and their latents to structure maps.</summary>
    public IStructureStrategy Structure { get; }

    /// <summary>Latents to tokens.</summary>
    public Quantizer Quantizer { get; }

    /// <summary>Images (B × 3 × H × W in [−1, 1]) to sequences.</summary>
    public GranularitySequence Encode(Tensor images)
    {
        GranularitySequence sequence = Encode(images, out Tensor latent_BLC);
        latent_BLC.Dispose();
        return sequence;
    }

    /// <summary>Images to sequences, with the latents that they describe.</summary>
    /// <param name="images">B × 3 × H × W in [−1, 1].</param>
    /// <param name="latent_BLC">B × L × C; belongs to the caller.</param>
    /// <param name="structure">Another way to find the structure maps, or null for the tokenizer's own; borrowed.</param>
    public GranularitySequence Encode(Tensor images, out Tensor latent_BLC, IStructureStrategy? structure = null)
    {
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        latent_BLC = scope.Keep(Positions.FromMap(Encoder.Forward(images)));
        Tensor structure_BSL = (structure ?? Structure).Build(latent_BLC, images, Config.Grid).To(latent_BLC.Device);
        return Quantizer.Quantize(latent_BLC, structure_BSL);
    }

    /// <summary>A canvas (B × L × C) to images, B × 3 × H × W clamped to [−1, 1].</summary>
    public Tensor Decode(Tensor canvas_BLC)
    {
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        Tensor images = Decoder.Forward(Positions.ToMap(canvas_BLC, Config.Grid));
        return scope.Keep(images.Clamp(-1, 1));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Structure.Dispose();
        Parameters.Dispose();
    }
}
