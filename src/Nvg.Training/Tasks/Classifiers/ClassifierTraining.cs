using Nvg.Classifiers;
using Nvg.Configuration;
using Nvg.Data.Datasets;
using Nvg.Data.Loading;
using Nvg.Imaging;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Distributed;
using Nvg.Training.Loop;
using Nvg.Training.Optimization;
using Nvg.Training.Tasks.Tokenizers;

namespace Nvg.Training.Tasks.Classifiers;

/// <summary>Trains an <see cref="ImageClassifier"/> on mirrored and shifted images.</summary>
/// <remarks>Every part of a batch that is computed at once is normalised by its own statistics.</remarks>
public sealed class ClassifierTraining : ITrainingTask
{
    // Images that whitening and normalisation are measured on.
    private const int WhiteningExamples = 2048, NormalisationExamples = 8192;

    private readonly ClassifierRunConfig _config;
    private readonly PackedDataset _data;
    private readonly Device _device;
    private readonly ImageClassifier _classifier;
    private readonly IReadOnlyList<int> _examples;

    /// <param name="config">Settings.</param>
    /// <param name="data">Images of the classifier's size and classes; borrowed.</param>
    /// <param name="device">Where.</param>
    /// <exception cref="NvgDataException">The images have another size, or other classes.</exception>
    public ClassifierTraining(ClassifierRunConfig config, PackedDataset data, Device device)
    {
        if (data.Size != config.Classifier.ImageSize)
            throw new NvgDataException($"the data set has images of {data.Size} × {data.Size}, the classifier takes {config.Classifier.ImageSize}: prepare it with --size {config.Classifier.ImageSize}");
        if (data.Classes.Count != config.Classifier.ClassCount)
            throw new NvgDataException($"the data set has {data.Classes.Count} classes, the classifier {config.Classifier.ClassCount}: set classifier.classCount");
        (_config, _data, _device) = (config, data, device);
        _examples = HeldOutSplit.Of(data, config.HeldOut).Training;
        _classifier = new ImageClassifier(config.Classifier, ParameterSource.Random(config.Training.Seed, device));
        using Tensor images = DatasetBatch.Load(data, Spread(WhiteningExamples), device: device);
        _classifier.MeasureWhitening(images);
        Fingerprint = TokenizerTraining.FingerprintOf(NvgJson.Write(config with { Training = config.Training.Identity }), data);
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
        // Rounded as they will be stored before the statistics are measured, so that these belong to what is stored.
        var stored = parameters.ToDictionary(p => p.Key, p => p.Value.Rank < 2 ? p.Value.Alias() : p.Value.To(ScalarType.Float16));
        using var classifier = new ImageClassifier(_config.Classifier, ParameterSource.From(stored, device: _device, type: ScalarType.Float32));
        // Packed data are sorted by class; batches that each hold every class have the statistics of the whole.
        int[] spread = Spread(NormalisationExamples);
        int batches = Math.Max(1, spread.Length / _config.Training.BatchSize);
        classifier.MeasureNormalisation(Enumerable.Range(0, batches).Select(b =>
            DatasetBatch.Load(_data, [.. spread.Where((_, i) => i % batches == b)], device: _device)));
        ClassifierModel.Save(folder, new ClassifierModelConfig { Name = _config.Name, Classifier = _config.Classifier }, classifier.Parameters, _data.Classes, ScalarType.Float16);
    }

    /// <inheritdoc/>
    public void Dispose() => _classifier.Dispose();

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
            _data.CopyCrop(_examples[example], (int)(draw[0] * room), (int)(draw[1] * room), _config.Training.Flip && draw[2] < 0.5f, cut.Pixels);
            ImageShift.Copy(cut.Pixels, side, (int)(draw[3] * shifts) - _config.Shift, (int)(draw[4] * shifts) - _config.Shift, shifted.Pixels);
            return shifted;
        })];
        return ImageTensor.Load(images, _device);
    }
}
