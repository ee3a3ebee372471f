using Nvg.Sampling;
using Nvg.Torch;
using Nvg.Var.Tokenizers;
using Nvg.Var.Transformers;

namespace Nvg.Var.Sampling;

/// <summary>
/// The generation loop of VAR, scale by scale: the transformer predicts all tokens of a scale from the current canvas, pooled to the side
/// of the scale; the codebook rows of these tokens are added to the canvas. Conditional and unconditional sequences run as one batch.
/// </summary>
/// <remarks>Shapes: B images; N = 2 B sequences with guidance, N = B without; T tokens of a scale; V codes.</remarks>
/// <param name="transformer">Predicts tokens; borrowed.</param>
/// <param name="quantizer">Turns tokens into contributions to the canvas; borrowed.</param>
public sealed class VarSampler(VarTransformer transformer, ScaleQuantizer quantizer)
{
    private readonly ScaleSequence _scales = transformer.Scales;
    private readonly int _nullClass = transformer.Config.NullClass;

    /// <summary>Draws token maps.</summary>
    /// <param name="classes">Class of each image; may be the null class.</param>
    /// <param name="noise">Random numbers of each image; borrowed.</param>
    /// <param name="options">Settings.</param>
    /// <param name="edit">Tokens that are kept, or null for none; borrowed.</param>
    /// <param name="observer">Called after every scale, or null.</param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    /// <returns>The maps and their final canvas; the caller disposes them.</returns>
    /// <exception cref="ArgumentException">Settings, classes, noise or given tokens are invalid.</exception>
    public SampledMaps Sample(
        IReadOnlyList<int> classes, TokenNoise noise, VarSamplingOptions options, TokenEdit? edit = null,
        Action<ScaleResult>? observer = null, CancellationToken cancellation = default)
    {
        Check(classes, noise, options, edit);
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        bool isGuided = IsGuided(classes, options);
        using ScaleDecoding decoding = transformer.Begin(ClassesOf(classes, isGuided));
        var tokens = new Tensor[_scales.Count];
        Tensor? canvas_BCHW = null;
        for (int i = 0; i < tokens.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scaleScope = new TensorScope();
            Tensor? input_BTC = canvas_BCHW is null ? null : quantizer.Pool(i, canvas_BCHW);
            Tensor logits_BTV = Guided(decoding, input_BTC, isGuided ? options.Guidance.At(i, _scales.Last) : 1, isGuided);
            double topP = options.TopP.At(i, _scales.Last);
            Tensor drawn_BT = TokenSampling.Draw(logits_BTV, noise.Tokens(i), 1, options.TopK, topP);
            Tensor rows_BTC = options.Smooth
                ? SmoothCodes.MixFiltered(
                    logits_BTV, options.TopK, topP, noise.Gumbel(i, (int)logits_BTV.Size(2)), _scales.Position(i), quantizer.Codebook)
                : quantizer.Rows(drawn_BT);
            Tensor contribution = quantizer.Contribution(i, edit?.Combine(i, rows_BTC, quantizer) ?? rows_BTC);
            canvas_BCHW = scaleScope.Keep(canvas_BCHW is null ? contribution : canvas_BCHW + contribution);
            tokens[i] = scaleScope.Keep(edit?.CombineTokens(i, drawn_BT) ?? drawn_BT);
            observer?.Invoke(new ScaleResult(i, input_BTC, logits_BTV, drawn_BT, canvas_BCHW));
        }

        return new SampledMaps(new TokenMaps(_scales, tokens), canvas_BCHW!);
    }

    // If guidance is 1 at every scale, or every image has the null class, the unconditional half has no influence. At the first scale, it
    // runs even though guidance is 1, because later scales read its keys.
    private bool IsGuided(IReadOnlyList<int> classes, VarSamplingOptions options) =>
        classes.Any(c => c != _nullClass) && Enumerable.Range(0, _scales.Count).Any(i => options.Guidance.At(i, _scales.Last) != 1);

    private Tensor ClassesOf(IReadOnlyList<int> classes, bool isGuided)
    {
        IEnumerable<int> all = isGuided ? [.. classes, .. Enumerable.Repeat(_nullClass, classes.Count)] : classes;
        long[] numbers = [.. all.Select(c => (long)c)];
        return Tensor.From(numbers, numbers.Length).Send(transformer.Device);
    }

    private static Tensor Guided(ScaleDecoding decoding, Tensor? input_BTC, double scale, bool isGuided)
    {
        using var scope = new TensorScope();
        if (!isGuided)
            return scope.Keep(decoding.Next(input_BTC));
        Tensor logits_NTV = decoding.Next(input_BTC is null ? null : Tensor.Cat([input_BTC, input_BTC], 0));
        long count = logits_NTV.Size(0) / 2;
        Tensor conditional = logits_NTV.Narrow(0, 0, count), unconditional = logits_NTV.Narrow(0, count, count);
        return scope.Keep(new Guidance(scale).Combine(conditional, unconditional));
    }

    private void Check(IReadOnlyList<int> classes, TokenNoise noise, VarSamplingOptions options, TokenEdit? edit)
    {
        if (options.Validate(_scales.Last).ToList() is { Count: > 0 } problems)
            throw new ArgumentException(string.Join("; ", problems));
        if (classes.Count == 0 || classes.Any(c => c < 0 || c > _nullClass))
            throw new ArgumentException($"at least one class in 0…{_nullClass} is needed");
        if (noise.Count != classes.Count)
            throw new ArgumentException($"noise of {noise.Count} images was given for {classes.Count} classes");
        if (edit is not null && (edit.Given.Count != classes.Count || !edit.Given.Scales.Sides.SequenceEqual(_scales.Sides)))
            throw new ArgumentException($"tokens of {edit.Given.Count} images at the scales {edit.Given.Scales} were given for "
                + $"{classes.Count} images at the scales {_scales}");
    }
}
