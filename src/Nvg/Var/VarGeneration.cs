using Nvg.Imaging;
using Nvg.Previews;
using Nvg.Torch;
using Nvg.Var.Sampling;
using Nvg.Var.Tokenizers;

namespace Nvg.Var;

/// <summary>Generates the images of a request batch by batch.</summary>
/// <param name="model">Borrowed until the last image is returned.</param>
/// <param name="request">The images.</param>
/// <param name="progress">Receives a report after every scale, or null.</param>
/// <param name="stages">Receives the images so far after every scale, or null.</param>
internal sealed class VarGeneration(
    VarModel model, VarGenerationRequest request, IProgress<GenerationProgress>? progress, Action<VarStage>? stages)
{
    private int _done;

    /// <summary>The images in the order of the request.</summary>
    internal IEnumerable<VarImage> Run(CancellationToken cancellation)
    {
        int batchSize = request.BatchSizeOn(model.Device.Type);
        if (batchSize < 1)
            throw new ArgumentException($"at least one image is computed at a time, not {batchSize}");
        foreach (VarImageRequest[] batch in Batches(batchSize))
        {
            VarImage[] images = Generate(batch, cancellation);
            _done += batch.Length;
            foreach (VarImage image in images)
                yield return image;
            progress?.Report(ProgressAt(0));
        }
    }

    /// <summary>The kept parts of images, or null if nothing is kept.</summary>
    /// <exception cref="ArgumentException">The size of an image or mask differs from the model's.</exception>
    internal static TokenEdit? EditOf(VarModel model, IReadOnlyList<VarImageRequest> images)
    {
        VarEdit[] edits = [.. images.Select(p => p.Edit).OfType<VarEdit>()];
        if (edits.Length == 0)
            return null;
        if (edits.Length < images.Count)
            throw new ArgumentException("images with and without an edit cannot be sampled together");
        (int side, int size) = (model.Tokenizer.Quantizer.Scales.LatentSide, model.Tokenizer.Config.ImageSize);
        foreach (VarEdit edit in edits)
        {
            if (edit.Keep.Count != side * side || edit.Image.Width != size || edit.Image.Height != size)
            {
                throw new ArgumentException(
                    $"an edit of {edit.Image.Width} × {edit.Image.Height} pixels and {edit.Keep.Count} positions was given, the model has "
                    + $"{size} × {size} and {side * side}");
            }
        }

        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        float[] keep = [.. edits.SelectMany(edit => edit.Keep).Select(kept => kept ? 1f : 0f)];
        TokenMaps given = model.Tokenizer.Encode(ImageTensor.Load([.. edits.Select(edit => edit.Image)], model.Device));
        return new TokenEdit(given, Tensor.From(keep, edits.Length, side, side).To(model.Device));
    }

    private IEnumerable<VarImageRequest[]> Batches(int batchSize)
    {
        var batch = new List<VarImageRequest>();
        foreach (VarImageRequest image in request.Images)
        {
            if (batch.Count == batchSize || (batch.Count > 0 && batch[0].Edit is null != image.Edit is null))
            {
                yield return [.. batch];
                batch.Clear();
            }

            batch.Add(image);
        }

        if (batch.Count > 0)
            yield return [.. batch];
    }

    private VarImage[] Generate(VarImageRequest[] batch, CancellationToken cancellation)
    {
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        VarSamplingOptions options = request.Options ?? model.Config.Sampling;
        var drawn = new List<RgbImage[]>();
        using SampledMaps sampled = model.Sample(batch, options, result => Observe(batch, result, drawn), cancellation);
        cancellation.ThrowIfCancellationRequested();
        bool hasFinal = drawn.Count == sampled.Tokens.Scales.Count;
        RgbImage[] images = hasFinal ? drawn[^1] : ImageTensor.ToImages(model.Tokenizer.Decode(sampled.Canvas_BCHW));
        long[] tokens = sampled.Tokens.Flatten().ToArray<long>();
        int length = sampled.Tokens.Scales.Length;
        return [.. batch.Select((p, i) => new VarImage
        {
            Request = p,
            Label = p.Class < model.Classes.Classes.Count ? model.Classes.Classes[p.Class].Name : "",
            Image = images[i],
            Tokens = [.. tokens.AsSpan(i * length, length).ToArray().Select(t => (int)t)],
            Options = options,
            Stages = request.WithStages ? [.. drawn.Select((stage, scale) => Stage(scale, stage[i], images[i]))] : [],
        })];
    }

    private StageImage Stage(int scale, RgbImage drawn, RgbImage final) =>
        new(drawn, MapsDescription.DrawGrid(model.Transformer.Scales.Sides[scale], final));

    private void Observe(VarImageRequest[] batch, ScaleResult result, List<RgbImage[]> drawn)
    {
        GenerationProgress now = ProgressAt(batch.Length * (result.Scale + 1.0) / model.Transformer.Scales.Count);
        progress?.Report(now);
        if (stages is null && !request.WithStages)
            return;
        using var scope = new TensorScope();
        drawn.Add(ImageTensor.ToImages(model.Tokenizer.Decode(result.Canvas_BCHW)));
        stages?.Invoke(new VarStage(now, result.Scale, [.. Enumerable.Range(_done, batch.Length)], drawn[^1]));
    }

    private GenerationProgress ProgressAt(double ofBatch) =>
        new(_done, request.Images.Count, (_done + ofBatch) / request.Images.Count);
}
