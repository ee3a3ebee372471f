using Nvg.Conditioning;
using Nvg.Control;
using Nvg.Data.Datasets;
using Nvg.Evaluation.Classes;
using Nvg.Granularity;
using Nvg.Imaging;
using Nvg.Labels;
using Nvg.Tokenizers;
using Nvg.Torch;

namespace Nvg.Evaluation.Studies;

/// <summary>Real images by class, whose first stages generated images keep.</summary>
internal sealed class ReferenceImages
{
    private readonly RgbImage[][] _byClass;

    /// <param name="path">A data set made by <c>nvg prepare</c>.</param>
    /// <param name="classes">Lines of <c>labels.txt</c>, by class index.</param>
    /// <param name="perClass">Images needed per class.</param>
    /// <exception cref="NvgDataException">A class has fewer images.</exception>
    internal ReferenceImages(string path, IReadOnlyList<string> classes, int perClass)
    {
        using IImageDataset data = ImageDataset.Open(path);
        Fingerprint = data.Fingerprint;
        ILookup<int, RgbImage> images =
            LabelledImages.Prepared(path, classes, FirstOfEach(perClass)).ToLookup(p => p.Label!.Value, p => p.Image);
        _byClass = [.. Enumerable.Range(0, classes.Count).Select(c => images[c].ToArray())];
        if (Array.FindIndex(_byClass, found => found.Length < perClass) is var few and >= 0)
        {
            throw NvgDataException.At(
                path, $"has {_byClass[few].Length} images of {ClassLabel.Parse(classes[few]).Name}, {perClass} are needed",
                "draw fewer images per class");
        }
    }

    /// <summary>Fingerprint of the data set.</summary>
    internal string Fingerprint { get; }

    /// <summary>The stages that images keep from reference images of their class.</summary>
    internal PartialSequence[] Stages(Tokenizer tokenizer, IReadOnlyList<(int Class, int Number)> images, KeptStages kept)
    {
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        using GranularitySequence sequence = tokenizer.Encode(
            ImageTensor.Load([.. images.Select(p => _byClass[p.Class][p.Number])], tokenizer.Quantizer.Codebook.Device));
        int contentStages = kept.Part == KeptPart.Both ? kept.Stages : 0;
        return Array.ConvertAll(PartialSequence.FromBatch(sequence), whole => whole.Keep(kept.Stages, contentStages));
    }

    private static Func<IImageDataset, IReadOnlyList<int>> FirstOfEach(int perClass) => data =>
    {
        int[] taken = new int[data.Classes.Count];
        return [.. Enumerable.Range(0, data.Count).Where(i => taken[data.Label(i)]++ < perClass)];
    };
}
