using Nvg.Torch;

namespace Nvg.Evaluation.Classes;

/// <summary>How often a classifier names the class that images should show; filled batch by batch.</summary>
public sealed class ClassAccuracy
{
    private readonly long[,] _confusion;
    private double _confidence;

    /// <param name="classCount">Number of classes.</param>
    public ClassAccuracy(int classCount) => _confusion = new long[classCount, classCount];

    /// <summary>Images so far.</summary>
    public long Count => _confusion.Cast<long>().Sum();

    /// <summary>Share of images whose class is named; NaN of none.</summary>
    public double Accuracy => (double)Enumerable.Range(0, ClassCount).Sum(c => _confusion[c, c]) / Count;

    /// <summary>Mean probability that the classifier gives to the class that should be; NaN of none.</summary>
    public double MeanConfidence => _confidence / Count;

    /// <summary>Number of classes.</summary>
    public int ClassCount => _confusion.GetLength(0);

    /// <summary>Takes in a batch.</summary>
    /// <param name="logits_NC">N × classes; borrowed.</param>
    /// <param name="labels">What each should be.</param>
    /// <exception cref="ArgumentException">Numbers of images or classes do not agree, or a label is no class.</exception>
    public void Add(Tensor logits_NC, IReadOnlyList<int> labels)
    {
        if (logits_NC.Rank != 2 || logits_NC.Size(0) != labels.Count || logits_NC.Size(1) != ClassCount)
            throw new ArgumentException($"{logits_NC} are no logits of {labels.Count} images and {ClassCount} classes");
        if (labels.FirstOrDefault(label => label < 0 || label >= ClassCount, -1) is not -1 and var wrong)
            throw new ArgumentException($"{wrong} is no class: there are {ClassCount}");
        using var scope = new TensorScope();
        long[] named = logits_NC.ArgMax(1).ToArray<long>();
        float[] probabilities = logits_NC.To(ScalarType.Float32).Softmax(1).ToArray<float>();
        for (int i = 0; i < labels.Count; i++)
        {
            _confusion[labels[i], named[i]]++;
            _confidence += probabilities[i * ClassCount + labels[i]];
        }
    }

    /// <summary>Images that should be of one class and are named as another.</summary>
    /// <param name="label">What they should be.</param>
    /// <param name="named">What the classifier says.</param>
    public long Named(int label, int named) => _confusion[label, named];

    /// <summary>Images that should be of a class.</summary>
    public long CountOf(int label) => Enumerable.Range(0, ClassCount).Sum(named => _confusion[label, named]);

    /// <summary>Share of a class's images that are named so; NaN where it has none.</summary>
    public double AccuracyOf(int label) => (double)_confusion[label, label] / CountOf(label);
}
