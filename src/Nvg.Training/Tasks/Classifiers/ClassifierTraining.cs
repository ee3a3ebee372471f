using Nvg.Classifiers;
using Nvg.Data.Datasets;
using Nvg.Data.Loading;
using Nvg.Imaging;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Distributed;
using Nvg.Training.Loop;
using Nvg.Training.Optimization;
using Nvg.Training.Ownership;
using Nvg.Training.Runs;

namespace Nvg.Training.Tasks.Classifiers;

/// <summary>Trains an <see cref="ImageClassifier"/> on mirrored and shifted images.</summary>
/// <remarks>Batch normalisation uses the statistics of the images that are computed together.</remarks>
public sealed class ClassifierTraining : ITrainingTask
{
    // Number of images from which whitening and normalisation are computed.
    private const int WhiteningExamples = 2048, NormalisationExamples = 8192;

    private readonly ClassifierRunConfig _config;
    private readonly PackedDataset _data;
    private readonly Device _device;
    private readonly OwnedObjects _owned = new();
    private readonly ImageClassifier _classifier;
    private readonly IReadOnlyList<int> _examples;

    /// <param name="config">Settings.</param>
    /// <param name="data">Images of the classifier's size and classes; borrowed.</param>
    /// <param name="device">The training device.</param>
    /// <exception cref="NvgDataException">The images have another size, or other classes.</exception>
    public ClassifierTraining(ClassifierRunConfig config, PackedDataset data, Device device)
    {
        DataRequirements.RequireSize(data, config.Classifier.ImageSize, "classifier");
        if (data.Classes.Count != config.Classifier.ClassCount)
        {
            throw new NvgDataException(
                $"the data set has {data.Classes.Count} classes, the classifier {config.Classifier.ClassCount}: set classifier.classCount");
        }

        (_config, _data, _device) = (config, data, device);
        _examples = HeldOutSplit.Of(data, config.HeldOut).Training;
        using OwnedObjects.Construction construction = _owned.Construct();
        _classifier = _owned.Add(new ImageClassifier(config.Classifier, ParameterSource.Random(config.Training.Seed, device)));
        using Tensor images = DatasetBatch.Load(data, Spread(WhiteningExamples), device: device);
        _classifier.MeasureWhitening(images);
        Fingerprint = RunIdentity.Of(config, data);
        construction.Complete();
    }

    /// <inheritdoc/>
    public ParameterStore Parameters => _classifier.Parameters;

    /// <inheritdoc/>
    public int ExampleCount => _examples.Count;

    /// <inheritdoc/>
    public string Fingerprint { get; }

    /// <inheritdoc/>
    public Tensor Loss(long step, IReadOnlyList<int> examples, BatchShare share, RandomGenerator random, LossLog log)
    {
        using var scope = new TensorScope();
        int[] own = share.Of(examples);
        Tensor label_N = Tensor.From([.. own.Select(e => (long)_data.Label(_examples[e]))], own.Length).Send(_device);
        Tensor logits_NV = _classifier.ForwardTraining(Augmented(own, share, random));
        log.Add("accuracy", logits_NV.Detach().ArgMax(1).IsEqual(label_N).To(ScalarType.Float32).Mean());
        return scope.Keep(Functional.CrossEntropy(logits_NV, label_N, _config.LabelSmoothing));
    }

    /// <inheritdoc/>
    public void Export(string folder, IReadOnlyDictionary<string, Tensor> parameters)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        // Rounded to the stored precision first, so that the statistics match the stored weights.
        var stored = parameters.ToDictionary(p => p.Key, p => p.Value.Rank < 2 ? p.Value.Alias() : p.Value.To(ScalarType.Float16));
        var source = ParameterSource.From(stored, device: _device, type: ScalarType.Float32);
        using var classifier = new ImageClassifier(_config.Classifier, source);
        // Packed data is sorted by class, so every batch takes images of all classes to have the statistics of the whole data set.
        int[] spread = Spread(NormalisationExamples);
        int batches = Math.Max(1, spread.Length / _config.Training.BatchSize);
        classifier.MeasureNormalisation(Enumerable.Range(0, batches).Select(b =>
            DatasetBatch.Load(_data, [.. spread.Where((_, i) => i % batches == b)], device: _device)));
        var config = new ClassifierModelConfig { Name = _config.Name, Classifier = _config.Classifier };
        ClassifierModel.Save(folder, config, classifier.Parameters, _data.Classes, ScalarType.Float16);
    }

    /// <inheritdoc/>
    public void Dispose() => _owned.Dispose();

    private int[] Spread(int most) => Array.ConvertAll(DataOrder.Spread(_examples.Count, most), i => _examples[i]);

    private Tensor Augmented(int[] examples, BatchShare share, RandomGenerator random)
    {
        using Tensor draws = Tensor.Rand([share.Total, 5], random);
        using Tensor own = share.Of(draws);
        float[] u = own.ToArray<float>();
        int side = _data.Size, room = _data.StoredSize - side + 1, shifts = 2 * _config.Shift + 1;
        RgbImage[] images = [.. examples.Select((example, i) =>
        {
            Span<float> draw = u.AsSpan(5 * i, 5);
            RgbImage cut = new(side, side), shifted = new(side, side);
            bool mirrored = _config.Training.Flip && draw[2] < 0.5f;
            int right = (int)(draw[3] * shifts) - _config.Shift, down = (int)(draw[4] * shifts) - _config.Shift;
            _data.CopyCrop(_examples[example], (int)(draw[0] * room), (int)(draw[1] * room), mirrored, cut.Pixels);
            ImageShift.Copy(cut.Pixels, side, right, down, shifted.Pixels);
            return shifted;
        })];
        return ImageTensor.Load(images, _device);
    }
}
