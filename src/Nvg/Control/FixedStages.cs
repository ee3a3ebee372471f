using Nvg.Data;
using Nvg.Granularity;
using Nvg.Rendering;
using Nvg.Sampling;
using Nvg.Tokenizers;
using Nvg.Torch;

namespace Nvg.Control;

/// <summary>First stages that every picture of a request shares; the rest is generated. Owns its tensors.</summary>
public sealed class FixedStages : IDisposable
{
    private readonly Tensor? _structure_ML;
    private readonly Tensor[] _content;

    private FixedStages(Tensor? structure_ML, Tensor[] content) =>
        (_structure_ML, _content) = (structure_ML?.Own(), Array.ConvertAll(content, c => c.Own()));

    /// <summary>Number of stages whose structure is fixed; stage 0 has only one.</summary>
    public int StructureStages => (int)(_structure_ML?.Size(0) ?? 1);

    /// <summary>Number of stages whose content is fixed.</summary>
    public int ContentStages => _content.Length;

    /// <summary>Fixes structure maps alone.</summary>
    /// <param name="maps_ML">Labels of stages 0…M − 1, such as <see cref="StructureInput"/> gives; copied by reference.</param>
    public static FixedStages FromStructure(Tensor maps_ML) => new(maps_ML.Alias(), []);

    /// <summary>Fixes what the first stages of a reference picture have.</summary>
    /// <param name="tokenizer">Describes the picture; borrowed.</param>
    /// <param name="picture">A square of the tokenizer's image size.</param>
    /// <param name="part">What is kept.</param>
    /// <param name="stages">Number of stages it is kept of, from stage 0.</param>
    /// <param name="maps_ML">Structure maps that <see cref="KeptPart.Content"/> is read off along; null for none but stage 0.</param>
    /// <exception cref="ArgumentException">There are not so many stages, or content is asked for without its structure.</exception>
    public static FixedStages FromReference(Tokenizer tokenizer, RgbImage picture, KeptPart part, int stages, Tensor? maps_ML = null)
    {
        LatentGrid grid = tokenizer.Config.Grid;
        if (stages < 1 || stages > grid.StageCount)
            throw new ArgumentException($"{stages} stages cannot be kept: the model has {grid.StageCount}");
        if (part == KeptPart.Content && stages > (maps_ML?.Size(0) ?? 1))
            throw new ArgumentException($"content of {stages} stages needs their structure, {maps_ML?.Size(0) ?? 1} are given");
        using var scope = new TensorScope();
        Tensor images = PictureBatch.Load([picture], tokenizer.Quantizer.Codebook.Device);
        using GranularitySequence sequence = part == KeptPart.Content && maps_ML is not null
            ? EncodeAlong(tokenizer, images, Complete(maps_ML, grid))
            : tokenizer.Encode(images);
        Tensor? structure_ML = part == KeptPart.Content ? maps_ML?.Alias() : sequence.Structure_BSL.Select(0, 0).Narrow(0, 0, stages);
        return new FixedStages(structure_ML, part == KeptPart.Structure ? [] : [.. sequence.Content.Take(stages).Select(c => c.Select(0, 0))]);
    }

    /// <summary>The same stages for a number of images; its tensors belong to the caller's scope.</summary>
    public GivenStages For(int count) => new()
    {
        Structure_BML = _structure_ML?.Unsqueeze(0).Expand(count, -1, -1),
        Content = [.. _content.Select(c => c.Unsqueeze(0).Expand(count, -1))],
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        _structure_ML?.Dispose();
        foreach (Tensor tokens in _content)
            tokens.Dispose();
    }

    private static GranularitySequence EncodeAlong(Tokenizer tokenizer, Tensor images, Tensor structure_BSL)
    {
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        return tokenizer.Quantizer.Quantize(Positions.FromMap(tokenizer.Encoder.Forward(images)), structure_BSL);
    }

    // Tokens of a stage do not depend on later stages, so any split completes the maps.
    private static Tensor Complete(Tensor maps_ML, LatentGrid grid)
    {
        using var scope = new TensorScope();
        var maps = new List<Tensor>();
        for (int i = 0; i < grid.StageCount; i++)
        {
            maps.Add(i < maps_ML.Size(0)
                ? maps_ML.Narrow(0, i, 1)
                : StructureSplit.ByScore(maps[^1], Tensor.Zeros([1, grid.Length]), LatentGrid.ClusterCount(i - 1)));
        }

        return scope.Keep(Tensor.Stack([.. maps], 1));
    }
}
