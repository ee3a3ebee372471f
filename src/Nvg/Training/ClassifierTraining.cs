using Nvg.Classifiers;
using Nvg.Data;
using Nvg.Rendering;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Distributed;

namespace Nvg.Training;

/// <summary>Trains a <see cref="PictureClassifier"/> on mirrored and shifted pictures.</summary>
/// <remarks>Every part of a batch that is computed at once is normalised by its own statistics.</remarks>
public sealed class ClassifierTraining : ITrainingTask
{
    // Pictures that whitening and normalisation are measured on.
    private const int WhiteningExamples = 2048, NormalisationExamples = 8192;

    private readonly ClassifierRunConfig _config;
    private readonly PackedDataset _data;
    private readonly Device _device;
    private readonly PictureClassifier _classifier;
    private readonly IReadOnlyList<int> _examples;

    /// <param name="config">Settings.</param>
    /// <param name="data">Pictures of the classifier's size and classes; borrowed.</param>
    /// <param name="device">Where.</param>
    /// <exception cref="NvgDataException">The pictures have another size, or other classes.</exception>
    public ClassifierTraining(ClassifierRunConfig config, PackedDataset data, Device device)
    {
        if (data.Size != config.Classifier.ImageSize)
            throw new NvgDataException($"the data set has pictures of {data.Size} × {data.Size}, the classifier takes {config.Classifier.ImageSize}: prepare it with --size {config.Classifier.ImageSize}");
        if (data.Classes.Count != config.Classifier.ClassCount)
            throw new NvgDataException($"the data set has {data.Classes.Count} classes, the classifier {config.Classifier.ClassCount}: set classifier.classCount");
        (_config, _data, _device) = (config, data, device);
        _examples = HeldOutSplit.Of(data, config.HeldOut).Training;
        _classifier = new PictureClassifier(config.Classifier, ParameterSource.Random(config.Training.Seed, device));
        using Tensor pictures = PictureBatch.Load(data, Spread(WhiteningExamples), device: device);
        _classifier.MeasureWhitening(pictures);
        Fingerprint = TokenizerTraining.FingerprintOf(NvgJson.Write(config with { Training = config.Training.Identity }), data);
    }

    /// <inheritdoc/>
    public ParameterStore Parameters => _classifier.Parameters;

    /// <inheritdoc/>
    public int ExampleCount => _examples.Count;

    /// <inheritdoc/>
    public string Fingerprint { get; }

    /// <inheritdoc/>
    public Tensor Loss(long step, IReadOnlyList<int> examples, BatchShare share, Generator random, LossLog log)
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
        using var classifier = new PictureClassifier(_config.Classifier, ParameterSource.From(stored, device: _device, type: ScalarType.Float32));
        // Packed data are sorted by class; batches that each hold every class have the statistics of the whole.
        int[] spread = Spread(NormalisationExamples);
        int batches = Math.Max(1, spread.Length / _config.Training.BatchSize);
        classifier.MeasureNormalisation(Enumerable.Range(0, batches).Select(b =>
            PictureBatch.Load(_data, [.. spread.Where((_, i) => i % batches == b)], device: _device)));
        ClassifierModel.Save(folder, new ClassifierModelConfig { Name = _config.Name, Classifier = _config.Classifier }, classifier.Parameters, _data.Classes, ScalarType.Float16);
    }

    /// <inheritdoc/>
    public void Dispose() => _classifier.Dispose();

    private int[] Spread(int most) => Array.ConvertAll(DataOrder.Spread(_examples.Count, most), i => _examples[i]);

    private Tensor Augmented(int[] examples, BatchShare share, Generator random)
    {
        using Tensor draws = Tensor.Rand([share.Total, 5], random);
        using Tensor own = share.Of(draws);
        float[] u = own.ToArray<float>();
        int side = _data.Size, room = _data.StoredSize - side + 1, shifts = 2 * _config.Shift + 1;
        RgbImage[] pictures = [.. examples.Select((example, i) =>
        {
            Span<float> draw = u.AsSpan(5 * i, 5);
            RgbImage cut = new(side, side), shifted = new(side, side);
            _data.CopyCrop(_examples[example], (int)(draw[0] * room), (int)(draw[1] * room), _config.Training.Flip && draw[2] < 0.5f, cut.Pixels);
            PictureShift.Copy(cut.Pixels, side, (int)(draw[3] * shifts) - _config.Shift, (int)(draw[4] * shifts) - _config.Shift, shifted.Pixels);
            return shifted;
        })];
        return PictureBatch.Load(pictures, _device);
    }
}
