using Nvg.Checkpoints;
using Nvg.Control;
using Nvg.Data;
using Nvg.Granularity;
using Nvg.Rendering;
using Nvg.Sampling;
using Nvg.Tokenizers;
using Nvg.Torch;

namespace Nvg.Evaluation.Studies;

/// <summary>Real pictures by class, whose first stages generated pictures take over.</summary>
internal sealed class ReferencePictures
{
    private readonly RgbImage[][] _byClass;

    /// <param name="path">A packed data set.</param>
    /// <param name="classes">Lines of <c>labels.txt</c>, by number.</param>
    /// <param name="perClass">Pictures wanted of each.</param>
    /// <exception cref="NvgDataException">There are fewer of a class.</exception>
    internal ReferencePictures(string path, IReadOnlyList<string> classes, int perClass)
    {
        using PackedDataset data = PackedDataset.Open(path);
        Fingerprint = data.Fingerprint;
        ILookup<int, RgbImage> pictures = LabelledPictures.Packed(path, classes, FirstOfEach(perClass)).ToLookup(p => p.Label!.Value, p => p.Picture);
        _byClass = [.. Enumerable.Range(0, classes.Count).Select(c => pictures[c].ToArray())];
        if (Array.FindIndex(_byClass, found => found.Length < perClass) is var few and >= 0)
            throw NvgDataException.At(path, $"has {_byClass[few].Length} pictures of {ClassLabel.Parse(classes[few]).Name} where {perClass} are wanted", "draw fewer of each class");
    }

    /// <summary>Of the data set.</summary>
    internal string Fingerprint { get; }

    /// <summary>What pictures keep; its tensors belong to the caller's scope.</summary>
    internal GivenStages Stages(Tokenizer tokenizer, IReadOnlyList<(int Class, int Number)> pictures, KeptStages kept)
    {
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        using GranularitySequence sequence = tokenizer.Encode(PictureBatch.Load([.. pictures.Select(p => _byClass[p.Class][p.Number])], tokenizer.Quantizer.Codebook.Device));
        var content = new List<Tensor>();
        for (int i = 0; i < kept.Stages && kept.Part == KeptPart.Both; i++)
            content.Add(scope.Keep(sequence.Content[i].Clone()));
        return new GivenStages { Structure_BML = scope.Keep(sequence.Structure_BSL.Narrow(1, 0, kept.Stages).Clone()), Content = content };
    }

    private static Func<PackedDataset, IReadOnlyList<int>> FirstOfEach(int perClass) => data =>
    {
        int[] taken = new int[data.Classes.Count];
        return [.. Enumerable.Range(0, data.Count).Where(i => taken[data.Label(i)]++ < perClass)];
    };
}
