using Nvg.Torch;

namespace Nvg.Evaluation.Classes;

/// <summary>Accuracy of a classifier on images of known classes, accumulated over batches.</summary>
public sealed class ClassAccuracy
{
    private readonly long[,] _confusion;
    private double _confidence;

    /// <param name="classCount">Number of classes.</param>
    public ClassAccuracy(int classCount) => _confusion = new long[classCount, classCount];

    /// <summary>Number of images.</summary>
    public long Count => _confusion.Cast<long>().Sum();

    /// <summary>Share of images whose class is recognised; NaN without images.</summary>
    public double Accuracy => (double)Enumerable.Range(0, ClassCount).Sum(c => _confusion[c, c]) / Count;

    /// <summary>Mean probability of the expected class; NaN without images.</summary>
    public double MeanConfidence => _confidence / Count;

    /// <summary>Number of classes.</summary>
    public int ClassCount => _confusion.GetLength(0);

    /// <summary>Adds a batch.</summary>
    /// <param name="logits_NC">N × classes; borrowed.</param>
    /// <param name="labels">Expected class of each image.</param>
    /// <exception cref="ArgumentException">The numbers of images or classes differ, or a label is out of range.</exception>
    public void Add(Tensor logits_NC, IReadOnlyList<int> labels)
    {
        if (logits_NC.Rank != 2 || logits_NC.Size(0) != labels.Count || logits_NC.Size(1) != ClassCount)
            throw new ArgumentException($"expected logits of {labels.Count} images and {ClassCount} classes, not {logits_NC}");
        if (labels.FirstOrDefault(label => label < 0 || label >= ClassCount, -1) is not -1 and var wrong)
            throw new ArgumentException($"class {wrong} is out of range: there are {ClassCount} classes");
        using var scope = new TensorScope();
        long[] predicted = logits_NC.ArgMax(1).ToArray<long>();
        float[] probabilities = logits_NC.To(ScalarType.Float32).Softmax(1).ToArray<float>();
        for (int i = 0; i < labels.Count; i++)
        {
            _confusion[labels[i], predicted[i]]++;
            _confidence += probabilities[i * ClassCount + labels[i]];
        }
    }

    /// <summary>Entry of the confusion matrix: number of images of one class that are classified as another.</summary>
    /// <param name="label">Expected class.</param>
    /// <param name="predicted">Predicted class.</param>
    public long Confused(int label, int predicted) => _confusion[label, predicted];

    /// <summary>Number of images of a class.</summary>
    public long CountOf(int label) => Enumerable.Range(0, ClassCount).Sum(predicted => _confusion[label, predicted]);

    /// <summary>Share of a class's images that are recognised; NaN without images.</summary>
    public double AccuracyOf(int label) => (double)_confusion[label, label] / CountOf(label);
}
